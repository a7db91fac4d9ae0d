# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # kata-osbuilder sources this and sets the variables
#
# The guest kernel of a Debian package: an uncompressed vmlinux and a tree of modules.

# The package and its version, as apt knows them now: sets kernel_package and kernel_version. One
# call of apt-cache, which takes most of the time of a call that finds everything up to date.
resolve_debian_kernel() {
  local record=${kernel_package:-$metapackage} text
  text=$(apt-cache show --no-all-versions "$record" 2>/dev/null) ||
    die "apt does not know '$record'; run 'apt-get update', or give another --kernel-package NAME"
  if [[ -n $kernel_package ]]; then
    kernel_version=$(sed -n 's/^Version: //p' <<<"$text")
  else
    read -r kernel_package kernel_version < <(
      sed -nE 's/^Depends: .*(linux-image-[^ ,]*) \(= ([^)]*)\).*/\1 \2/p' <<<"$text") || true
  fi
  [[ -n $kernel_version ]] ||
    die "'$record' names no kernel with a version; give --kernel-package NAME"
}

download_package() { # name=version: into $work/deb
  local log=$work/download.log
  (cd "$work/deb" && apt-get download -q -o APT::Sandbox::User=root "$1" >"$log" 2>&1) ||
    die "download '$1': $(tail -n 1 "$log"); check the mirror, or run 'apt-get update'"
}

# Downloads and unpacks the kernel package into the cache: sets kernel_dir.
fetch_kernel() {
  kernel_dir=$cache/${kernel_package}_${kernel_version//:/%3a}
  if [[ -f $kernel_dir/vmlinux ]]; then
    say "kernel $kernel_package $kernel_version is in the cache"
    return
  fi
  say "downloading $kernel_package $kernel_version"
  local tree=$work/kernel
  mkdir -p "$work/deb"
  download_package "$kernel_package=$kernel_version"
  say "unpacking it"
  dpkg-deb -x "$work"/deb/*.deb "$tree" || die "unpack '$kernel_package': dpkg-deb failed (disk full?)"
  local -a images=("$tree"/boot/vmlinuz-*)
  [[ -f ${images[0]} ]] || die "package '$kernel_package' holds no /boot/vmlinuz-*; give a linux-image-*-amd64 package"
  extract_vmlinux "${images[0]}" "$tree/vmlinux"
  rm -rf "$work/deb" "$work/kernel/usr"
  rm -rf "$kernel_dir"
  mv "$tree" "$kernel_dir"
}

little_endian() { od -An -v -tu"$3" -j"$2" -N"$3" "$1" | tr -d ' '; } # file offset bytes

# A bzImage is a setup part and a compressed vmlinux, found through the boot protocol's header.
extract_vmlinux() { # bzimage target
  local image=$1 target=$2 setup offset length magic
  say "extracting vmlinux from $(basename "$image")"
  [[ $(od -An -v -tx1 -j$((0x202)) -N4 "$image") == " 48 64 72 53" ]] || die "'$image' is not a bzImage: no HdrS at 0x202"
  setup=$(little_endian "$image" $((0x1f1)) 1)
  offset=$((((setup ? setup : 4) + 1) * 512 + $(little_endian "$image" $((0x248)) 4)))
  length=$(little_endian "$image" $((0x24c)) 4)
  magic=$(od -An -v -tx1 -j"$offset" -N6 "$image" | tr -d ' ')
  # A payload ends in the size of what is inside, 4 bytes that the decompressors reject; in gzip's
  # they are a part of the format.
  local -a unpack
  local trailer=4
  case $magic in
    fd377a585a00) unpack=(xz -dc) ;;
    1f8b*) unpack=(gzip -dc) trailer=0 ;;
    28b52ffd*) unpack=(zstd -dcq) ;;
    02214c18*) unpack=(lz4 -dcq) ;;
    *) die "'$image': payload of an unknown compression (magic $magic); known are xz, gzip, zstd, lz4" ;;
  esac
  require_programs "${unpack[0]}"
  dd if="$image" bs=1M iflag=skip_bytes,count_bytes skip="$offset" count=$((length - trailer)) status=none |
    "${unpack[@]}" >"$target" ||
    die "'$image': ${unpack[0]} cannot unpack the payload; the package is damaged or the disk is full"
  check_vmlinux "$target"
}

check_vmlinux() { # vmlinux
  [[ $(head -c 4 "$1" | od -An -tx1) == " 7f 45 4c 46" ]] || die "'$1': the extracted kernel is not an ELF file"
  command -v readelf >/dev/null || return 0
  # 0x12 is XEN_ELFNOTE_PHYS32_ENTRY, which is how QEMU starts an uncompressed kernel.
  readelf -nW "$1" 2>/dev/null | grep -qE 'Xen .*0x0+12' ||
    die "'$1': the kernel has no PVH entry note; take one built with CONFIG_PVH=y"
}
