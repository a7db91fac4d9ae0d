#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Every key in the field table of a plugin in this tree is in the documentation: `key` in a row of a table, or a line "key = …".
set -u
cd "$1" || exit 2
checked=0
missing=0
for plugin in plugins/*/plugin.cpp; do
  for key in $(grep -oE '^ +\{"[a-z0-9_]+", "[a-z]+(\[\])?",' "$plugin" | cut -d'"' -f2); do
    checked=$((checked + 1))
    grep -qE "^(\|.*\`$key\`|$key += )" docs/*.md && continue
    echo "$plugin: key '$key' is not in docs/*.md"
    missing=1
  done
done
[ "$checked" -gt 40 ] || { echo "only $checked keys found: the field tables are written otherwise"; exit 1; }
exit $missing
