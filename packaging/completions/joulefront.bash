# bash completion for joulefront, which says itself what may come next.
_joulefront() {
  local IFS=$'\n'
  local -a found
  mapfile -t found < <("$1" --complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f 1)
  COMPREPLY=()
  case "${found[0]}" in
    :files)
      compopt -o filenames
      local begun=${COMP_WORDS[COMP_CWORD]}
      [[ $begun == = ]] && begun=
      COMPREPLY=($(compgen -f -- "$begun"))
      ;;
    :command)
      local at=1
      while [[ ${COMP_WORDS[at]} != -- ]]; do at=$((at + 1)); done
      if declare -F _command_offset >/dev/null; then
        _command_offset $((at + 1))
      elif ((COMP_CWORD == at + 1)); then
        COMPREPLY=($(compgen -c -- "${COMP_WORDS[COMP_CWORD]}"))
      else
        compopt -o filenames
        COMPREPLY=($(compgen -f -- "${COMP_WORDS[COMP_CWORD]}"))
      fi
      ;;
    *)
      COMPREPLY=("${found[@]}")
      ;;
  esac
}
complete -F _joulefront joulefront
