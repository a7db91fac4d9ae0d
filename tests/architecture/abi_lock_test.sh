#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Changes copies of the boundary's headers, and expects the check, given as argument with the include directory, to see what counts.
set -eu
check=$1
include=$2
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failed=0

# after FILE SED-EXPRESSION STATUS WORDS [option]: what the check says of headers with this change.
after() {
  rm -rf "${tree:?}"/*
  cp -r "$include/kata" "$tree"
  sed -i "$2" "$tree/kata/$1"
  cmp -s "$include/kata/$1" "$tree/kata/$1" && { echo "'$2' changes nothing in $1"; failed=1; }
  status=0
  said=$(cmake -DINCLUDE_DIR="$tree" ${5:+"$5"} -P "$check" 2>&1) || status=1
  [ $status -eq "$3" ] || { echo "$1, $2: status $status: $said"; failed=1; }
  for word in $4; do
    case $said in *"$word"*) ;; *) echo "$1, $2: '$word' is not in: $said"; failed=1 ;; esac
  done
}

after plugin/hypervisor.h 's|// Nothing runs yet|// A comment|' 0 ''
after plugin/hypervisor.h 's|(Deadline deadline)|( Deadline   deadline )|' 0 ''
after result.h 's|case ENODEV:|case ENXIO: case ENODEV:|' 0 ''
after plugin/hypervisor.h 's|bool hugepages|bool nested = false, hugepages|' 1 "'kata.hypervisor/1' frozen"
after plugin/hypervisor.h 's|bool hugepages|bool nested = false, hugepages|' 1 "'kata.hypervisor/1' frozen" -DUPDATE=ON
after plugin/device.h 's|bool read_only|bool direct = false, read_only|' 1 "'kata.network/1' 'kata.shared-filesystem/1'"
after unique_fd.h 's|int fd_ = -1|long fd_ = -1|' 1 "'kata.network/1'"
after plugin/descriptor.h 's|const char\* license;||' 1 "'kata.memory-dedup/1' 'kata.network/1'"
after plugin/network_changes.h 's|virtual Result<int> watch|virtual Result<long> watch|' 1 "'kata.network.changes/1' frozen"
after plugin/hypervisor_pause.h 's|pause/1"|pause/2"|' 1 "expected 'kata.hypervisor.pause/1'"
after plugin/draft/hypervisor_counters.h 's|value = 0|value = 1|' 1 "'kata.hypervisor.counters/draft-1' raise"
after plugin/ABI.lock 's|^kata.network/1|kata.network/0|' 1 "'kata.network/0' promised"
after plugin/ABI.lock 's|^kata.hypervisor.pause/1.*||' 1 UPDATE=ON
after plugin/ABI.lock 's|^kata.hypervisor.pause/1.*||' 0 '' -DUPDATE=ON
after plugin/ABI.lock 's|counters/draft-1|counters/draft-0|' 0 '' -DUPDATE=ON
exit $failed
