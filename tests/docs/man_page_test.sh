#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# man_page_test.sh PAGE PROGRAM: the page is well-formed, and has exactly the flags that the program's --help has. Of a program with
# verbs each verb has a subsection (.Ss) that is held against the help of the verb, and what is before the first of them against the
# program's.
set -euo pipefail
export LC_ALL=C
page=$1 program=$2
failed=0

complain() {
  echo "${page##*/}: $*"
  failed=1
}

help_of() { "$program" "$@" --help; }

# The flags that a help text explains, one a line, without dashes: "-n [ --name ]", "--name", "--name VALUE, -n VALUE",
# and of a program in Go's manner "-name".
flags_of_help() {
  sed -nE 's/^ +(-[a-zA-Z]) \[ (--[a-z0-9-]+) \].*/\1\n\2/p; s/^ +(--[a-z0-9-]+)( [A-Z]+)?, (-[a-zA-Z])\b.*/\1\n\3/p;
    s/^ +(--[a-z0-9-]+)( .*)?$/\1/p; s/^ +(-[a-z][a-z-]+)( .*)?$/\1/p' | sed -E 's/^--?//' | sort -u
}

# "Fl -name" and "Fl n , -name" of the lines that explain a flag.
flags_of_page() {
  grep -oE 'Fl -?[a-zA-Z][a-z0-9-]*( , -[a-z0-9-]+)?' | tr -s ' ,' '\n' | grep -vx Fl | sed -E 's/^-//' | sort -u
}

before_verbs() { sed '/^\.Ss /,$d' "$page"; }
section_of() { awk -v verb="$1" '/^\.S[sh] /{ on = ($0 == ".Ss " verb) } on' "$page"; }

# Flags that a page mentions in passing are not explained there: only .It lines count, and the lists of the verbs that take flags and
# ignore them.
explained() { grep -E '^\.It |^\.Fl .*,$|^\.Fl .* \.$' || true; }

compare() { # what, flags of the help, flags of the page
  local flag
  for flag in $(comm -23 <(echo "$2") <(echo "$3")); do complain "$1: '$flag' of the help is not in the page"; done
  for flag in $(comm -13 <(echo "$2") <(echo "$3")); do complain "$1: '$flag' of the page is not in the help"; done
}

# Some programs explain these two in their usage only.
without_help() { grep -vxE 'h|help|v|version' || true; }

lint=$(mandoc -T lint -W warning "$page" 2>&1) || complain "$lint"

verbs=$(grep -E '^\.Ss ' "$page" | cut -d' ' -f2 || true)
compare "${program##*/}" "$(help_of | flags_of_help | without_help)" "$(before_verbs | explained | flags_of_page | without_help)"
[[ -n $(help_of | flags_of_help) ]] || complain "the help names no flag: this test looks past it"
for verb in $verbs; do
  compare "$verb" "$(help_of "$verb" | flags_of_help | without_help)" "$(section_of "$verb" | explained | flags_of_page | without_help)"
done
if [[ -n $verbs ]]; then
  known=$(help_of | sed -n '/^Verbs/,/^$/p' | awk '/^  /{ print $1 }' | sort)
  compare verbs "$known" "$(sort <<<"$verbs")"
fi
exit $failed
