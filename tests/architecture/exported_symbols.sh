#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A plugin exports its descriptor and nothing else.
symbols=$(nm -D --defined-only "$1" | awk '{print $3}') || exit 1
[ "$symbols" = kata_plugin_v1 ] && exit 0
echo "$1: expected one exported symbol kata_plugin_v1, found: $symbols"
exit 1
