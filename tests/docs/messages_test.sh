#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# messages_test.sh PAGE SOURCE…: each message that the first column of the page's tables quotes is in the sources. "…" stands for what
# differs; each piece between is looked for by itself, in the string literals as the compiler joins them.
set -euo pipefail
export LC_ALL=C.UTF-8
page=$1
shift
failed=0
joined=$(mktemp)
trap 'rm -f "$joined"' EXIT
find "$@" \( -name '*.cpp' -o -name '*.h' \) -print0 | sort -z | xargs -0 cat | tr '\n' ' ' | sed -E 's/" +"//g; s/\\"/"/g' >"$joined"

# shellcheck disable=SC2016 # the backquotes are the page's
messages() { sed -nE 's/^\| `([^`]+)` \|.*/\1/p' "$page"; }

count=0
while IFS= read -r message; do
  longest=0
  while IFS= read -r piece; do
    ((${#piece} > longest)) && longest=${#piece}
    [[ -z $piece ]] || grep -qF -- "$piece" "$joined" || {
      echo "${page##*/}: no program prints '$piece' of '$message'"
      failed=1
    }
  done <<<"${message//…/$'\n'}"
  ((longest >= 8)) || {
    echo "${page##*/}: '$message' has no piece that is long enough to be looked for"
    failed=1
  }
  count=$((count + 1))
done < <(messages)
((count > 0)) || {
  echo "${page##*/}: quotes no message"
  failed=1
}
exit $failed
