#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Plants one violation of each include rule and expects the check, given as argument, to find it.
set -eu
check=$1
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failed=0

# planted FILE LINE: a tree that holds this line only is refused.
planted() {
  rm -rf "${tree:?}"/*
  mkdir -p "$tree/$(dirname "$1")"
  printf '%s\n' "$2" > "$tree/$1"
  if sh "$check" "$tree" > /dev/null; then
    echo "not found: $1: $2"
    failed=1
  fi
}

sh "$check" "$tree" || { echo "an empty tree is refused"; failed=1; }
planted core/config/x.cpp 'if (name == "qemu") {}'
planted core/plugin_host/x.cpp '#include "sandbox/sandbox.h"'
planted core/include/kata/x.h '#include <nlohmann/json.hpp>'
planted core/base/x.h '#include "core/config/config.h"'
planted core/config/x.h '#include "core/plugin_host/plugin_host.h"'
planted plugins/a/x.cpp '#include "core/base/log.h"'
planted plugins/a/x.cpp '#include "plugins/b/b.h"'
planted plugins/a/x.cpp '#include <boost/asio.hpp>'
planted plugins/hypervisor-cloudhv/http_reply.cpp '#include <boost/asio/io_context.hpp>'
planted sandbox/x.cpp '#include <boost/beast/http.hpp>'
planted plugins/a/x.cpp '#include "../b/b.h"'
planted programs/p/x.cpp '#include "plugins/a/a.h"'
planted agent/x.cpp '#include "core/plugin_host/plugin_host.h"'
planted protocol/x.cpp '#include "sandbox/store.h"'
planted sandbox/x.cpp '#include "programs/p/p.h"'
planted sandbox/x.cpp '#include <boost/dll/shared_library.hpp>'
planted programs/p/x.cpp '#include <toml++/toml.h>'
planted plugins/a/x.cpp '#include <netlink/netlink.h>'
planted sandbox/x.cpp '#include <systemd/sd-bus.h>'
exit $failed
