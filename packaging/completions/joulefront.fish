# fish completion for joulefront, which says itself what may come next.
function __joulefront_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l found ($words[1] --complete $words[2..-1] 2>/dev/null)
    switch "$found[1]"
        case :files
            __fish_complete_path (commandline -ct)
        case :command
            set -l at (contains -i -- -- $words)
            __fish_complete_subcommand --fcs-skip=(math $at - 1)
        case '*'
            printf '%s\n' $found
    end
end
complete -c joulefront -f -a '(__joulefront_complete)'
