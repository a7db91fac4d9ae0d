#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Checks the direction of includes in the tree given as argument (ARCHITECTURE.md). Prints each violation as "rule: file:line: text".
set -u
cd "$1" || exit 2
violations=0

# forbid RULE PATTERN [grep option | path]...: no line of these sources matches.
forbid() {
  rule=$1
  pattern=$2
  shift 2
  found=$(grep -rnE --include='*.h' --include='*.cpp' --include='*.proto' "$pattern" "$@" 2>/dev/null)
  [ -n "$found" ] || return 0  # not grep's status: it is 2 when one of the paths does not exist
  printf '%s\n' "$found" | sed "s|^|$rule: |"
  violations=1
}

include='^ *# *include +'
forbid 'core names no plugin' '[Qq][Ee][Mm][Uu]|[Vv]irtiofs|[Cc]loudhv' --exclude=kata_names.h core/base core/config core/plugin_host
forbid 'core includes core only' "$include\"(sandbox|plugins|programs|agent|protocol)/" core
forbid 'the SDK includes the SDK and std only' "$include(\"(core|sandbox)/|<(boost|nlohmann|spdlog|google|toml))" core/include
forbid 'core/base is below config and plugin_host' "$include\"core/(config|plugin_host)/" core/base
forbid 'core/config is below plugin_host' "$include\"core/plugin_host/" core/config
forbid 'plugins include the SDK and themselves' "$include\"(core|sandbox|programs|agent|protocol|plugins)/" plugins
forbid 'plugins use std and nlohmann only' "$include<(boost|spdlog|google|toml|fmt|asio)" --exclude=http_reply.cpp plugins
forbid 'the HTTP grammar is all that a plugin uses of Boost' "$include<(spdlog|google|toml|fmt|asio|boost/(dll|asio/[^b]|[ac-z][^s]|b[^e]))" \
  plugins/hypervisor-cloudhv/http_reply.cpp
forbid 'Beast has one user' "$include<boost/beast" --exclude=http_reply.cpp core sandbox programs agent protocol plugins
forbid 'no include climbs' "$include\"\.\./" core sandbox programs agent protocol plugins
forbid 'nothing includes a plugin' "$include\"plugins/" core sandbox programs agent protocol
forbid 'the agent is no host program' "$include\"(core/(config|plugin_host)|sandbox|programs)/" agent
forbid 'protocol is below everything but core/base' "$include\"(core/(config|plugin_host)|sandbox|programs|agent)/" protocol
forbid 'the sandbox is below programs' "$include\"(programs|agent)/" sandbox
forbid 'Boost.DLL has one user' "$include<boost/dll" --exclude=loader.cpp core sandbox programs agent protocol plugins
forbid 'TOML++ has one user' "$include<toml" --exclude=document.cpp core sandbox programs agent protocol plugins
forbid 'libsystemd has one user' "$include<systemd/" --exclude-dir=kata-systemd-scope core sandbox programs agent protocol plugins
forbid 'libnl has one user' "$include<netlink/" --exclude-dir=net-tap core sandbox programs agent protocol plugins
exit $violations
