# complete.bash SCRIPT WORD...: what bash would offer for the last word, a line each, sorted.
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
compopt() { :; }  # of no use outside of a completion
_joulefront "$1"
printf '%s\n' "${COMPREPLY[@]}" | sort
