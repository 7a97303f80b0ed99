# The trainer's side of joulefront's protocol for POSIX shells. Source it:
#
#     . "$(dirname "$0")/joulefront.sh"
#     lr=$(jf_value lr 0.1)              # a parameter, and its default for runs without joulefront
#     jf_phase train
#     jf_report 1 error=0.31             # after step 1
#     jf_result error=0.12 size=20312
#
# Needs awk. JOULEFRONT_SEED, JOULEFRONT_TRIAL, JOULEFRONT_WORK_DIR and JOULEFRONT_RESUME_DIR are set by joulefront. What
# is no number is refused with a message and status 2. The protocol itself is in examples/02_any_command.

# jf_value NAME [DEFAULT]: prints the parameter of that name. Status 1 if it has none, and no default is given.
jf_value() {
  if [ -n "${JOULEFRONT_INIT:-}" ] && [ $# -ge 2 ]; then  # joulefront init asks what may vary
    LC_ALL=C awk 'BEGIN {
      value = ARGV[2]
      if (value !~ /^-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][-+]?[0-9]+)?$/ && value != "true" && value != "false") {
        gsub(/[\001-\037\177]/, " ", value); gsub(/\\/, "&&", value); gsub(/"/, "\\\\&", value)
        value = "\"" value "\""
      }
      printf "{\"joulefront_defaults\": {\"%s\": %s}}\n", ARGV[1], value > "/dev/stderr"
    }' "$1" "$2"
  fi
  LC_ALL=C jf_name=$1 awk '
    # The text of a JSON string that begins at s, without its quotes; `rest` is what follows it.
    function text(s,    out, c, code) {
      for (s = substr(s, 2); (c = substr(s, 1, 1)) != "\"" && s != ""; s = substr(s, 2)) {
        if (c == "\\") {
          s = substr(s, 2); c = substr(s, 1, 1)
          if (c == "n") c = "\n"
          else if (c == "t") c = "\t"
          else if (c == "r") c = "\r"
          else if (c == "b") c = "\b"
          else if (c == "f") c = "\f"
          else if (c == "u") {  # joulefront writes so only what is below 0x80
            code = (index("0123456789abcdef", tolower(substr(s, 4, 1))) - 1) * 16
            c = sprintf("%c", code + index("0123456789abcdef", tolower(substr(s, 5, 1))) - 1)
            s = substr(s, 5)
          }
        }
        out = out c
      }
      rest = substr(s, 2)
      return out
    }
    BEGIN {
      rest = substr(ENVIRON["JOULEFRONT_CONFIGURATION"], 2)
      while (rest != "" && substr(rest, 1, 1) != "}") {
        sub(/^[ ,]+/, "", rest)
        name = text(rest)
        sub(/^ *: */, "", rest)
        if (substr(rest, 1, 1) == "\"") value = text(rest)
        else {
          match(rest, /^[^,} ]+/)
          value = substr(rest, 1, RLENGTH); rest = substr(rest, RLENGTH + 1)
        }
        sub(/^ +/, "", rest)
        if (name == ENVIRON["jf_name"]) { printf "%s\n", value; exit 0 }
      }
      exit 1
    }' && return 0
  if [ $# -ge 2 ]; then
    printf '%s\n' "$2"
  else
    printf 'jf_value: there is no parameter "%s"\n' "$1" >&2
    return 1
  fi
}

# jf_phase NAME: from here on it is in this phase: setup, data, train, evaluate, inference, or one of your own.
jf_phase() {
  case $1 in
    '' | *[!A-Za-z0-9_.-]*) printf 'jf_phase: no phase can be called "%s"\n' "$1" >&2; return 2 ;;
  esac
  printf '{"joulefront": "phase", "name": "%s"}\n' "$1"
}

# jf_report STEP NAME=NUMBER...: the values after so many steps.
jf_report() {
  case $1 in
    '' | *[!0-9]*) printf 'jf_report: the step "%s" is no whole number\n' "$1" >&2; return 2 ;;
  esac
  jf_step=$1
  shift
  jf_values=$(_jf_values jf_report "$@") || return
  printf '{"joulefront": "progress", "step": %s, "values": %s}\n' "$jf_step" "$jf_values"
}

# jf_result NAME=NUMBER...: the outcome, once. nan is a failure of the trial, and told as one.
jf_result() {
  jf_values=$(_jf_values jf_result "$@") || return
  printf '{"joulefront": "result", "values": %s}\n' "$jf_values"
}

# NAME=NUMBER... as a JSON object.
_jf_values() {
  LC_ALL=C awk '
    BEGIN {
      for (i = 2; i < ARGC; ++i) {
        at = index(ARGV[i], "=")
        name = substr(ARGV[i], 1, at - 1)
        number = substr(ARGV[i], at + 1)
        if (at < 2 || name ~ /[\001-\037\177]/) {
          printf "%s: \"%s\" is not NAME=NUMBER\n", ARGV[1], ARGV[i] > "/dev/stderr"; exit 2
        }
        sign = number ~ /^-/ ? "-" : ""
        sub(/^[-+]/, "", number)
        if (tolower(number) == "nan") { sign = ""; number = "NaN" }
        else if (tolower(number) ~ /^inf(inity)?$/) number = "Infinity"
        else if (number ~ /^([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?$/) {
          sub(/^0+/, "", number)                          # JSON has no 007
          if (number !~ /^[0-9]/) number = "0" number     # no .5
          sub(/[.]$/, "", number); sub(/[.][eE]/, "e", number)  # and no 5.
        } else {
          printf "%s: %s is \"%s\", which is no number\n", ARGV[1], name, number > "/dev/stderr"; exit 2
        }
        gsub(/\\/, "&&", name); gsub(/"/, "\\\\&", name)
        out = out (out == "" ? "" : ", ") "\"" name "\": " sign number
      }
      printf "{%s}\n", out
    }' "$@"
}
