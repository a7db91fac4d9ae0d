# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# For the scripts beside it. KATA_STAGE is the prefix that install.sh has filled, or /usr of a machine with the package; KATA_GUEST is
# where the guest is.
KATA_STAGE=${KATA_STAGE:-/usr}
KATA_GUEST=${KATA_GUEST:-/usr/share/kata-containers}
set -euo pipefail
work=$(mktemp -d /tmp/kata-sdk.XXXXXX)
trap 'rm -rf "$work"' EXIT
export PATH="$KATA_STAGE/bin:$PATH" CMAKE_PREFIX_PATH=$KATA_STAGE

fail() {
  echo "$*" >&2
  exit 1
}

# Files with the places of a host as they are in the stage.
use_stage() {
  sed -i -e "s,/usr/share/kata-containers/\(vmlinux\|initrd.img\),$KATA_GUEST/\1,g" \
    -e "s|/usr/lib/kata-containers/plugins|$KATA_STAGE/lib/kata-containers/plugins|g" \
    -e "s|/usr/libexec/kata-containers|$KATA_STAGE/libexec/kata-containers|g" \
    -e "s|/usr/share/kata-containers/examples|$KATA_STAGE/share/kata-containers/examples|g" "$@"
}
