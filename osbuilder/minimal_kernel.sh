# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # kata-osbuilder sources this; the variables are shared
#
# A guest kernel of our own: Debian's kernel source, compiled with the fragments in kernel/, without
# modules. It is kept in the cache; the link "minimal" there names the one built last.

kernel_source=linux-source-6.12
compile_needs="bc bison flex gcc libelf-dev libssl-dev make"

select_fragments() {
  fragments=("$here/kernel/minimal.config")
  [[ $variant != tcg ]] || fragments+=("$here/kernel/tcg.config")
}

fragments_hash() { sha256sum <(cat "${fragments[@]}") | cut -c 1-12; }

minimal_is_built() { [[ -f $cache/minimal/vmlinux && -f $cache/minimal/description ]]; }

# What resolve_debian_kernel does for Debian's.
resolve_minimal_kernel() {
  minimal_is_built || die "the cache '$cache' holds no minimal kernel; run 'kata-osbuilder kernel' first"
  read -r kernel_package kernel_version <"$cache/minimal/description"
  kernel_dir=$cache/minimal
}

require_compiler() {
  local program header
  for program in bc bison flex gcc make; do
    command -v "$program" >/dev/null || die "program '$program' is missing; apt-get install $compile_needs"
  done
  for header in gelf.h openssl/ssl.h; do
    echo "#include <$header>" | gcc -E - >/dev/null 2>&1 ||
      die "header '$header' is missing; apt-get install $compile_needs"
  done
}

unpack_source() {
  say "downloading $kernel_source $kernel_version"
  mkdir -p "$work/deb" "$work/source"
  download_package "$kernel_source=$kernel_version"
  say "unpacking it"
  dpkg-deb --fsys-tarfile "$work"/deb/*.deb | tar -xO "./usr/src/$kernel_source.tar.xz" |
    tar -xJ -C "$work/source" --strip-components=1 ||
    die "unpack '$kernel_source': tar failed (disk full? it needs 3 GB below '$cache')"
  rm -rf "$work/deb"
}

kernel_make() {
  make -C "$work/source" O="$work/objects" -j "$jobs" KBUILD_BUILD_USER=kata KBUILD_BUILD_HOST=osbuilder \
    KBUILD_BUILD_TIMESTAMP="@${SOURCE_DATE_EPOCH:-0}" KBUILD_BUILD_VERSION=1 "$@" >>"$log" 2>&1 ||
    die "make $*: failed; see the end of '$log'"
}

configure_kernel() {
  local missing
  mkdir -p "$work/objects"
  kernel_make tinyconfig
  "$work/source/scripts/kconfig/merge_config.sh" -O "$work/objects" -m "$work/objects/.config" \
    "${fragments[@]}" >>"$log" 2>&1 || die "merge the configuration: failed; see '$log'"
  kernel_make olddefconfig
  missing=$(sed -n 's/^\(CONFIG_[A-Z0-9_]*=y\)$/\1/p' "${fragments[@]}" | sort -u |
    grep -vxFf "$work/objects/.config" | tr '\n' ' ') || true
  missing=$(without_overridden "$missing")
  [[ -z $missing ]] || die "$kernel_source $kernel_version does not offer $missing: change osbuilder/kernel/*.config"
}

# Those symbols that a later fragment does not switch off again.
without_overridden() { # symbols
  local symbol out=
  for symbol in $1; do
    grep -qxF "# ${symbol%=y} is not set" "${fragments[@]}" || out+="$symbol "
  done
  echo "${out% }"
}

# A line a minute, so that ten silent minutes do not look like a hang.
report_progress() {
  local minutes=0
  while sleep 60; do
    minutes=$((minutes + 1))
    say "compiling: $(find "$work/objects" -name '*.o' | wc -l) objects after $minutes min"
  done
}

compile_kernel() { # target directory
  say "compiling the kernel with $jobs jobs (about 20 minutes of CPU time); log: $log"
  report_progress &
  local reporter=$!
  # shellcheck disable=SC2064 # this process, now
  trap "kill $reporter 2>/dev/null; rm -rf '$work'" EXIT
  kernel_make vmlinux
  kill "$reporter" 2>/dev/null || true
  mkdir -p "$1"
  objcopy --strip-all "$work/objects/vmlinux" "$1/vmlinux" || die "objcopy: cannot strip the kernel"
  check_vmlinux "$1/vmlinux"
  cp "$work/objects/.config" "$1/config"
}

# The subcommand.
build_minimal_kernel() {
  local target started=$SECONDS
  require_programs bc make
  require_compiler
  select_fragments
  kernel_version=$(apt-cache show --no-all-versions "$kernel_source" 2>/dev/null | sed -n 's/^Version: //p') || true
  [[ -n $kernel_version ]] || die "apt does not know '$kernel_source'; run 'apt-get update'"
  mkdir -p "$cache" 2>/dev/null || die "cannot make the directory '$cache'"
  exec {lock}>"$cache/lock"
  flock "$lock"
  target=$cache/$kernel_source-minimal${variant:+-$variant}_${kernel_version//:/%3a}_$(fragments_hash)
  if [[ -f $target/description ]]; then
    say "$target is there already"
  else
    work=$(mktemp -d "$cache/.work.XXXXXX")
    log=$cache/kernel-build.log
    : >"$log"
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT TERM HUP
    unpack_source
    configure_kernel
    compile_kernel "$work/result"
    echo "$kernel_source-minimal${variant:+-$variant} $kernel_version" >"$work/result/description"
    rm -rf "$target"
    mv "$work/result" "$target"
    say "vmlinux $(du -h "$target/vmlinux" | cut -f 1), $((SECONDS - started)) s"
  fi
  ln -sfn "$(basename "$target")" "$cache/minimal"
  say "the next call of kata-osbuilder makes a guest with this kernel (--kernel debian: with Debian's)"
}
