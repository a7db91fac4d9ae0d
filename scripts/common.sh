# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What the scripts here share: they source this file. Programs run in the C locale, because a fresh
# machine has no other.
export LC_ALL=C
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
script=$(basename "$0")

say() { printf '==> %s\n' "$*"; }
die() {
  printf '%s: %s\n' "$script" "$*" >&2
  exit 1
}

need_root() {
  ((EUID == 0)) || die "must run as root: it $1"
}

# Runs a command with its output in a log; when it fails, the end of the log and where the rest is.
quietly() { # log command...
  local log=$1
  shift
  "$@" >"$log" 2>&1 && return
  tail -n 30 "$log" >&2
  die "'$*' failed; the whole output is in $log"
}

configure_preset() { # preset
  local build=$repository/build/$1
  [[ -f $build/build.ninja ]] && return
  say "configuring the $1 build"
  mkdir -p "$build"
  (cd "$repository" && quietly "$build/configure.log" cmake --preset "$1")
}

# On a terminal ninja rewrites one line; elsewhere a line for every tenth of the way has to do.
build_preset() { # preset target...
  local build=$repository/build/$1
  configure_preset "$1"
  say "building ($1)"
  if [[ -t 1 ]]; then
    cmake --build "$build" --target "${@:2}" || die "the $1 build failed"
    return
  fi
  NINJA_STATUS='[%p] ' cmake --build "$build" --target "${@:2}" 2>&1 | tee "$build/build.log" |
    awk -F '[][ %]+' '/^\[ *[0-9]+%\]/ && int($2 / 10) > tenth { tenth = int($2 / 10); print; fflush() }' || {
    tail -n 40 "$build/build.log" >&2
    die "the $1 build failed; the whole output is in $build/build.log"
  }
}

# The guest's agent is a release program whatever the preset of the host's programs.
build_guest() {
  build_preset release kata-agent
  "$repository/osbuilder/kata-osbuilder"
}

# A second guest for the tests over 9p, which Debian's cloud kernel lacks.
build_guest_with_9p() {
  "$repository/osbuilder/kata-osbuilder" --kernel-flavour generic --output "$repository/build/guest-generic"
}
