#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The Debian packages that building, running and testing need; docs/dependencies.md says why each.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

build_packages="cmake ninja-build g++ mold libboost1.81-dev libboost-program-options1.81-dev
  libprotobuf-dev protobuf-compiler nlohmann-json3-dev libtomlplusplus-dev libspdlog-dev
  libseccomp-dev libnl-3-dev libnl-route-3-dev libedit-dev libsystemd-dev linux-libc-dev"
guest_packages="binutils lz4 xz-utils zstd gzip"
run_packages="qemu-system-x86 qemu-system-common"
test_packages="doctest-dev busybox-static procps cpio iproute2 podman catatonit buildah docker.io conmon containernetworking-plugins iptables
  runc iperf3 crun mandoc e2fsprogs xfsprogs erofs-utils mount clang-14 libclang-rt-14-dev golang-go golang-github-containerd-ttrpc-dev containerd
  libgrpc++-dev dbus-daemon python3-yaml python3-jsonschema patch"

usage() {
  cat <<USAGE
Usage: scripts/packages.sh list | missing | install

  list      the Debian packages for building, running and testing, one a line
  missing   those of them that are not installed
  install   installs the missing ones with apt-get, without recommended packages; needs root
USAGE
}

list() {
  # shellcheck disable=SC2086 # the lists are words
  printf '%s\n' $build_packages $guest_packages $run_packages $test_packages | sort -u
}

missing() {
  local package
  for package in $(list); do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || echo "$package"
  done
}

have_lists() { compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null; }

install() {
  local -a packages
  mapfile -t packages < <(missing)
  # The guest's kernel is downloaded through apt as well, though not installed: it needs the lists.
  if ((${#packages[@]} == 0)) && have_lists; then
    say "all Debian packages are installed"
    return
  fi
  need_root "updates apt's lists and installs the Debian packages ${packages[*]}"
  update # a new machine's lists are as old as its image, and know no security update
  ((${#packages[@]})) || return 0
  export DEBIAN_FRONTEND=noninteractive
  say "installing ${#packages[@]} Debian packages: ${packages[*]}"
  start_no_daemon
  apt-get install -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 "${packages[@]}" >"$log" 2>&1 ||
    failed "install"
}

# Tests start their own docker and containerd; a machine does not get running ones from a test run.
start_no_daemon() {
  local policy=/usr/sbin/policy-rc.d
  [[ ! -e $policy ]] || return 0
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$log" /usr/sbin/policy-rc.d' EXIT
}

update() {
  say "updating apt's package lists"
  apt-get update -qq >"$log" 2>&1 || failed "update"
}

failed() { # step
  tail -n 20 "$log" >&2
  die "apt-get $1 failed; the machine needs a Debian 12 mirror in /etc/apt/sources.list"
}

case ${1:-} in
  list | missing) "$1" ;;
  install)
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    install
    ;;
  --help | -h) usage ;;
  *)
    usage >&2
    exit 1
    ;;
esac
