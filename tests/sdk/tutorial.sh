#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Follows the tutorial of docs/writing-a-plugin.md: writes each file that a line "`name`:" introduces, and runs each block of commands, in
# the order of the page. Only the places of the installed files differ.
#
#   tutorial.sh [--from-nothing]    with what installing.md and that page say is needed first: in a machine with the installed files only
#
# shellcheck source=tests/sdk/common.sh
source "$(dirname "$0")/common.sh"

pages=("$KATA_STAGE/share/doc/kata-containers/writing-a-plugin.md")
sections='^## Tutorial'
if [ "${1:-}" = --from-nothing ]; then
  pages=("$KATA_STAGE/share/doc/kata-containers/installing.md" "${pages[@]}")
  sections='^## (Tutorial|What you need|What the programs need)'
fi

# One numbered file a block: its first line is the file's name, or nothing for commands.
awk -v out="$work/block" -v sections="$sections" '
  /^## / { tutorial = $0 ~ sections }
  !tutorial { next }
  inside && /^```/ { inside = 0; close(file); next }
  inside { print > file; next }
  /^```/ { inside = 1; file = sprintf("%s.%02d", out, ++count); print (/^```sh/ ? "" : name) > file; name = ""; next }
  /`[^`]*`:$/ { count_of_parts = split($0, parts, "`"); name = parts[count_of_parts - 1] }
' "${pages[@]}"
[ -e "$work/block.05" ] || fail "the tutorial has fewer than five blocks"

mkdir "$work/home"
cd "$work/home"
for block in "$work"/block.*; do
  name=$(head -1 "$block")
  if [ -n "$name" ]; then
    mkdir -p "$(dirname "$name")"
    tail -n +2 "$block" >"$name"
    use_stage "$name"
    chmod 644 "$name"
    continue
  fi
  tail -n +2 "$block" >"$work/commands"
  use_stage "$work/commands"
  echo "--- $(tail -1 "$work/commands") (at $SECONDS s)"
  bash -euo pipefail "$work/commands" >"$work/output" 2>&1 || fail "$(cat "$work/commands"; tail -40 "$work/output")"
done
tail -1 "$work/output" | grep -qx 'hello from a VM' || fail "expected 'hello from a VM', found: $(tail -5 "$work/output")"
cmp acme/plugin.cpp "$KATA_STAGE/share/kata-containers/examples/plugin-template/hypervisor/plugin.cpp" ||
  fail "the tutorial's plugin is not the template's"
[ "$(wc -l <acme/plugin.cpp)" -lt 150 ] || fail "the tutorial's plugin has 150 lines or more"
