#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# kata-deploy on a made-up node: a directory, and programs that note what they are told. containerd itself reads the result.
set -euo pipefail
deploy=$1
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
mkdir -p "$here"/{node/etc/containerd,programs,tree/bin,tree/plugins,tree/share}
node=$here/node config=$here/node/etc/containerd/config.toml
printf '#!/bin/sh\n' >"$here/tree/bin/containerd-shim-kata-v2"
chmod 777 "$here/tree/bin/containerd-shim-kata-v2"
echo 'a configuration' >"$here/tree/share/configuration.toml"
for program in nsenter systemctl curl; do
  # shellcheck disable=SC2016 # expanded when it runs
  printf '#!/bin/sh\necho "%s $*" >>"%s/calls"\n' "$program" "$here" >"$here/programs/$program"
done
chmod +x "$here"/programs/*

failures=0
fail() {
  echo "kata_deploy_test: $*" >&2
  failures=$((failures + 1))
}
expect() { # what command...
  local what=$1
  shift
  "$@" || fail "$what"
}
name=''
kata_deploy() {
  HOST_ROOT=$node KATA_ARTIFACTS=$here/tree NODE_NAME=$name PATH=$here/programs:$PATH "$deploy" "$@" >"$here/out" 2>&1
}
refused() { # part of the message, verb
  if kata_deploy "$2"; then fail "$2 succeeded: expected '$1'"; fi
  grep -qF -- "$1" "$here/out" || fail "$2: expected '$1', found: $(cat "$here/out")"
}
says() { containerd --config "$config" config dump | grep -qF -- "$1"; }

before='version = 2

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "example.org/pause:1"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"'
printf '%s\n' "$before" >"$config"
chmod 640 "$config"

if kata_deploy check; then fail "check passes on a bare node"; fi
expect "install" kata_deploy install
expect "check" kata_deploy check
expect "the pause image is still the node's" says 'sandbox_image = "example.org/pause:1"'
expect "runc is still known" says 'runtime_type = "io.containerd.runc.v2"'
expect "the handler has its shim" says 'runtime_path = "/opt/kata/bin/containerd-shim-kata-v2"'
expect "the handler has its configuration" says 'ConfigPath = "/opt/kata/share/configuration.toml"'
expect "containerd is restarted in the node" grep -qE '^nsenter .*--target 1 .*systemctl restart containerd$' "$here/calls"
expect "the configuration's mode stays" test "$(stat -c %a "$config")" = 640
expect "others cannot write a program" test "$(stat -c %a "$node/opt/kata/bin/containerd-shim-kata-v2")" = 755

echo secret >"$here/token"
export SERVICE_ACCOUNT=$here KUBERNETES_SERVICE_HOST=192.0.2.1 KUBERNETES_SERVICE_PORT=443
name=n1
once=$(cat "$config")
expect "a second install" kata_deploy install
expect "a second install changes nothing" test "$(cat "$config")" = "$once"
expect "the node is labelled" grep -qF '{"katacontainers.io/kata-runtime":"true"}}} https://192.0.2.1:443/api/v1/nodes/n1' "$here/calls"
expect "no older tree is left" test "$(ls "$node/opt")" = kata

expect "remove" kata_deploy remove
expect "remove takes the label" grep -qF '{"katacontainers.io/kata-runtime":null}}}' "$here/calls"
expect "remove restores the configuration" test "$(cat "$config")" = "$before"
expect "remove takes the programs" test ! -e "$node/opt/kata"
expect "a second remove" kata_deploy remove

rm "$config"
expect "install without a configuration" kata_deploy install
expect "which is then made" says 'runtime_path = "/opt/kata/bin/containerd-shim-kata-v2"'

# Debian's containerd reads no later version, so these are compared as text.
for version in 3 4; do
  printf "version = %s\n\n[plugins.'io.containerd.cri.v1.runtime']\n  enable_selinux = false\n" "$version" >"$config"
  newer=$(cat "$config")
  expect "install for version $version" kata_deploy install
  expect "version $version keeps what was there" test "$(head -n 4 "$config")" = "$newer"
  expect "version $version has the handler" grep -qxF '[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.kata]' "$config"
  expect "version $version has nothing of the older plugin" test "$(grep -c 'grpc.v1.cri' "$config")" = 0
  expect "remove for version $version" kata_deploy remove
  expect "remove restores version $version" test "$(cat "$config")" = "$newer"
done

for odd in '[plugins.cri]' 'version = 1' 'version = 5' 'version = "2"'; do
  printf '%s\n' "$odd" >"$config"
  refused 'expected version = 2, 3 or 4' install
done
printf "version = 3\n[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.'kata']\n" >"$config"
refused "has a handler 'kata' that kata-deploy did not write" install
printf '%s\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.kata]\n' "$before" >"$config"
refused "has a handler 'kata' that kata-deploy did not write" install
printf '%s\n# BEGIN kata-deploy: these lines come and go with kata-deploy\nmore = 1\n' "$before" >"$config"
refused 'are not in pairs' remove
expect "what is not understood is left alone" grep -qx 'more = 1' "$config"
rm "$here/tree/bin/containerd-shim-kata-v2"
refused 'KATA_ARTIFACTS must name a tree' install

: >"$here/calls"
kubernetes=$here/out
HOST_ROOT=$node KATA_ARTIFACTS=$here/tree PATH=$here/programs:$PATH "$deploy" nonsense >"$kubernetes" 2>&1 && fail "an unknown verb passes"
expect "an unknown verb shows the usage" grep -q '^Usage: kata-deploy' "$kubernetes"
((failures == 0))
