#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs both components into the stage, and looks whether programs and plugins find each other there.
# shellcheck source=tests/sdk/common.sh
source "$(dirname "$0")/common.sh"

rm -rf "$KATA_STAGE"
for component in runtime sdk; do
  cmake --install "$KATA_BUILD" --prefix "$KATA_STAGE" --component $component >"$work/log" 2>&1 || fail "$(tail -5 "$work/log")"
done
chmod -R go-w "$KATA_STAGE"

while read -r path; do
  [ -e "$KATA_STAGE/$path" ] || fail "'$path' is not installed"
done <<'LIST'
bin/kata-runtime
bin/kata-agent-ctl
bin/kata-ksm-throttler
bin/kata-plugin-check
libexec/kata-containers/kata-proxy
libexec/kata-containers/kata-shim
libexec/kata-containers/kata-runtime-plugins
libexec/kata-containers/kata-systemd-scope
libexec/kata-containers/kata-ksm-throttler-asleep
libexec/kata-containers/kata-agent
libexec/kata-containers/kata-mock-vm
lib/kata-containers/plugins/libkata-hypervisor-qemu.so
lib/kata-containers/plugins/libkata-hypervisor-mock.so
lib/kata-containers/plugins/libkata-fs-virtiofs.so
lib/kata-containers/plugins/libkata-fs-9p.so
lib/kata-containers/plugins/libkata-fs-bind.so
lib/kata-containers/plugins/libkata-net-tap.so
lib/kata-containers/plugins/libkata-ksm-throttler.so
lib/cmake/kata/kata-config.cmake
lib/cmake/kata/kata-config-version.cmake
lib/cmake/kata/kata-targets.cmake
lib/cmake/kata/plugin.map
include/kata/plugin/digest.h
include/kata/plugin/hypervisor.h
share/pkgconfig/kata.pc
share/defaults/kata-containers/configuration.toml
share/doc/kata-containers/writing-a-plugin.md
share/kata-containers/examples/plugin-template/CMakeLists.txt
share/kata-containers/osbuilder/kata-osbuilder
LIST
# Nothing that only the tests need.
for plugin in "$KATA_STAGE"/lib/kata-containers/plugins/*; do
  case $plugin in *acme* | *broken*) fail "'$plugin' is installed" ;; esac
done
# Each header stands alone, as somebody else includes it.
for header in "$KATA_STAGE"/include/kata/*.h "$KATA_STAGE"/include/kata/plugin/*.h "$KATA_STAGE"/include/kata/plugin/draft/*.h; do
  echo "#include \"$header\""
done >"$work/all.cpp"
g++ -std=c++20 -fsyntax-only -I"$KATA_STAGE/include" "$work/all.cpp"

config=$KATA_STAGE/share/defaults/kata-containers/configuration.toml
chmod 600 "$config"
grep -qF "\"$KATA_STAGE/lib/kata-containers/plugins\"" "$config" || fail "configuration.toml names another plugin directory"
kata-runtime --config "$config" plugin list >"$work/list"
if grep refused "$work/list"; then fail "an installed plugin is refused"; fi
[ "$(grep -c '^\*' "$work/list")" -eq 3 ] || fail "not three plugins are selected: $(cat "$work/list")"
# The configuration of the prefix is found by itself, where the host has none in /etc.
# shellcheck disable=SC2016 # the inner shell's
unshare --mount --propagation private sh -c '
  [ ! -d /etc/kata-containers ] || mount -t tmpfs tmpfs /etc/kata-containers
  exec kata-runtime config' >"$work/found"
grep -qF "$config" "$work/found" || fail "kata-runtime does not take '$config': $(head -5 "$work/found")"
kata-ksm-throttler --version >/dev/null
PKG_CONFIG_PATH=$KATA_STAGE/share/pkgconfig
export PKG_CONFIG_PATH
if command -v pkg-config >/dev/null; then
  [ -f "$(pkg-config --variable=version_script kata)" ] || fail "kata.pc does not name plugin.map"
  read -ra flags < <(pkg-config --cflags kata)
  echo '#include "kata/plugin/export.h"' | g++ -std=c++20 -fsyntax-only "${flags[@]}" -x c++ -
fi

# A container from the installed tree, without a VM.
mkdir -p "$work/bundle/rootfs/bin"
cp /bin/busybox "$work/bundle/rootfs/bin/sh"
cat >"$work/mock.toml" <<TOML
[plugins]
directory = "$KATA_STAGE/lib/kata-containers/plugins"
hypervisor = "mock"
shared_filesystem = "bind"
network = "none"
[hypervisor.mock]
unsafe_no_vm = true
path = "$KATA_STAGE/libexec/kata-containers/kata-mock-vm"
agent = "$KATA_STAGE/libexec/kata-containers/kata-agent"
TOML
chmod 600 "$work/mock.toml"
kata-runtime spec --bundle "$work/bundle"
sed -i -e 's/"terminal": true/"terminal": false/' -e 's/"sh"/"sh", "-c", "echo installed"/' "$work/bundle/config.json"
out=$(kata-runtime --root "$work/run" --config "$work/mock.toml" run --bundle "$work/bundle" c1)
[ "$out" = installed ] || fail "expected 'installed', found '$out'"
