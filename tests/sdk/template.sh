#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# template.sh COMPILER: copies the installed template, builds it out of any tree, checks each plugin and loads each by absolute path.
# shellcheck source=tests/sdk/common.sh
source "$(dirname "$0")/common.sh"
compiler=$1

cp -r "$KATA_STAGE/share/kata-containers/examples/plugin-template" "$work/acme"
use_stage "$work"/acme/*/configuration.toml
cmake -S "$work/acme" -B "$work/build" -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_CXX_FLAGS="-Wall -Wextra -Werror -Wno-missing-field-initializers" \
  >"$work/log" 2>&1 || fail "$(tail -20 "$work/log")"
cmake --build "$work/build" -j2 >"$work/log" 2>&1 || fail "$(tail -40 "$work/log")"
ctest --test-dir "$work/build" --output-on-failure --no-tests=error >"$work/log" 2>&1 || fail "$(tail -80 "$work/log")"

plugins=$work/build/plugins
cat >"$work/configuration.toml" <<TOML
[plugins]
hypervisor = "$plugins/libkata-hypervisor-acme.so"
network = "$plugins/libkata-net-acme.so"
shared_filesystem = "$plugins/libkata-fs-acme.so"
memory_dedup = "$plugins/libkata-acme.so"
[network.acme]
address = "10.0.0.2/24"
TOML
chmod 600 "$work/configuration.toml"
kata-runtime --config "$work/configuration.toml" plugin list >"$work/list"
[ "$(grep -c '^\* kata\.' "$work/list")" -eq 4 ] || fail "not four plugins are selected: $(cat "$work/list")"
kata-runtime --config "$work/configuration.toml" plugin config acme | grep -q '^\[hypervisor.acme\]' || fail "no keys of the hypervisor"
kata-runtime plugin inspect "$plugins/libkata-net-acme.so" | grep -q '^interface *kata.network/1' || fail "inspect does not say network"
kata-runtime plugin check "$plugins/libkata-fs-acme.so" | grep -q '^[0-9]* passed, 0 failed' || fail "plugin check failed"

# A container in a VM that the plugin starts, by its absolute path.
mkdir -p "$work/hello/rootfs/bin"
cp /bin/busybox "$work/hello/rootfs/bin/sh"
cat >"$work/run.toml" <<TOML
[plugins]
directory = "$KATA_STAGE/lib/kata-containers/plugins"
hypervisor = "$plugins/libkata-hypervisor-acme.so"
shared_filesystem = "virtiofs"
network = "none"
[hypervisor.acme]
kernel = "$KATA_GUEST/vmlinux"
initrd = "$KATA_GUEST/initrd.img"
default_memory = 256
TOML
chmod 600 "$work/run.toml"
kata-runtime spec --bundle "$work/hello"
sed -i -e 's/"terminal": true/"terminal": false/' -e 's/"sh"/"sh", "-c", "echo hello from a VM"/' "$work/hello/config.json"
out=$(kata-runtime --root "$work/run" --config "$work/run.toml" run --bundle "$work/hello" c1)
[ "$out" = "hello from a VM" ] || fail "expected 'hello from a VM', found '$out'"
