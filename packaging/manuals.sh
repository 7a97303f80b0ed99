#!/bin/sh
# manuals.sh JOULEFRONT JOULEFRONT_TRAIN DATE FOLDER: manual pages from what the programs say of themselves: joulefront's, and
# one for each of its verbs, in FOLDER/joulefront/man1; joulefront-train's in FOLDER/joulefront-train/man1.
set -eu
pages=$4/joulefront/man1
train_pages=$4/joulefront-train/man1
rm -rf "$4"
mkdir -p "$pages" "$train_pages"

"$1" --manual > "$pages/joulefront.1"
for verb in $("$1" --complete '' | cut -f 1); do
  "$1" --manual "$verb" > "$pages/joulefront-$verb.1"
done

as_it_is() { printf '.EX\n'; sed 's/\\/\\e/g; s/-/\\-/g; s/^\([.'\'']\)/\\\&\1/'; printf '.EE\n'; }
{
  printf '.TH JOULEFRONT\\-TRAIN 1 "%s" "joulefront" "User Commands"\n' "$3"
  printf '.SH NAME\njoulefront\\-train \\- train one configuration of a network, for joulefront\n.SH DESCRIPTION\n'
  "$2" --help | as_it_is
  for family in $("$2" --help | sed -n '/^Families:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
    printf '.SH "FAMILY %s"\n' "$(echo "$family" | tr a-z A-Z)"
    "$2" "$family" --help | as_it_is
  done
  printf '.SH SEE ALSO\n.BR joulefront (1)\n'
} > "$train_pages/joulefront-train.1"
gzip -9n "$pages"/*.1 "$train_pages"/*.1
