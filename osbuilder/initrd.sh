# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # kata-osbuilder sources this and sets the variables
#
# The initrd: the agent, the modules it may load, and the directories it mounts things on.

declare -A module_path module_depends done_modules
load_order=()

index_modules() {
  local file name
  while IFS= read -r file; do
    name=$(basename "$file")
    name=${name%%.ko*}
    module_path[${name//-/_}]=$file
  done < <(find "$kernel_dir/lib/modules" -type f \( -name '*.ko' -o -name '*.ko.xz' -o -name '*.ko.zst' \) | sort)
}

read_module() { # file: to stdout, uncompressed
  case $1 in
    *.xz) xz -dc "$1" ;;
    *.zst) zstd -dcq "$1" ;;
    *) cat "$1" ;;
  esac
}

# Sets module_depends[name] to what it needs, in load order, and appends to load_order. The names are
# in the module's own .modinfo section: strings that end in a zero byte.
resolve_module() { # name
  local name=$1 direct dependency inner all=
  [[ -z ${done_modules[$name]:-} ]] || return 0
  [[ -n ${module_path[$name]:-} ]] || die "module '$name' is not in $kernel_package"
  done_modules[$name]=1
  direct=$(read_module "${module_path[$name]}" | sed -zn 's/^depends=//p' | tr '\0' '\n' | tr ',-' ' _')
  for dependency in $direct; do
    resolve_module "$dependency"
    for inner in ${module_depends[$dependency]} $dependency; do
      [[ " $all " == *" $inner "* ]] || all+=" $inner"
    done
  done
  module_depends[$name]=${all# }
  load_order+=("$name")
}

built_in() { # name
  tr - _ <"$(echo "$kernel_dir"/lib/modules/*/modules.builtin)" | grep -q "/$1\.ko$"
}

select_modules() {
  local name
  index_modules
  for name in $required_modules; do
    if ! built_in "$name"; then resolve_module "$name"; fi
  done
  for name in $optional_modules; do
    if [[ -n ${module_path[$name]:-} ]]; then resolve_module "$name"; fi
  done
  for name in ${extra_modules//,/ }; do
    if [[ $name == storage ]]; then
      for name in $storage_modules; do
        if [[ -n ${module_path[$name]:-} ]]; then resolve_module "$name"; fi
      done
    elif ! built_in "$name"; then
      resolve_module "${name//-/_}"
    fi
  done
}

# The archive is written here, not by cpio(1): link counts, inode and device numbers of the build
# directory must not get into it.
inode=0
archive_entry() { # name mode content-file-or-empty
  local name=$1 mode=$2 content=$3 size=0 links=1
  if [[ -n $content ]]; then size=$(stat -c %s "$content"); fi
  if ((mode & 8#040000)); then links=2; fi
  inode=$((inode + 1))
  printf '070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X' \
    $inode "$mode" 0 0 $links "${SOURCE_DATE_EPOCH:-0}" "$size" 0 0 0 0 $((${#name} + 1)) 0
  printf '%s\0' "$name"
  pad $((110 + ${#name} + 1))
  if [[ -n $content ]]; then cat "$content"; fi
  pad "$size"
}

pad() { # length so far: zero bytes up to a multiple of 4
  local zeros=$(((4 - $1 % 4) % 4))
  if ((zeros)); then head -c $zeros /dev/zero; fi
}

# A module without what only its kernel's debuggers read. What costs most at load time is its part of
# the type information (.BTF), for which the kernel first parses the whole of its own. The signature
# goes as well: whoever can change the initrd can change the kernel beside it.
write_module() { # name target
  read_module "${module_path[$1]}" >"$2"
  objcopy --strip-unneeded --remove-section=.BTF --remove-section=.orc_unwind \
    --remove-section=.orc_unwind_ip "$2" ||
    die "module '$1' of $kernel_package: objcopy cannot read it; the package is damaged"
}

write_initrd() { # target
  local name directory
  for name in $(printf '%s\n' "${load_order[@]}" | sort); do
    echo "$name: ${module_depends[$name]}" | sed 's/ *$//'
    write_module "$name" "$work/modules/$name.ko"
  done >"$work/modules/modules.list"
  {
    for directory in $directories; do archive_entry "$directory" $((8#040755)) ""; done
    archive_entry init $((8#100755)) "$agent"
    for name in "$work"/modules/*; do
      archive_entry "lib/modules/kata/$(basename "$name")" $((8#100644)) "$name"
    done
    inode=-1
    archive_entry TRAILER!!! 0 ""
  } >"$1" || die "write '$1': $(df -h --output=avail "$1" | tail -n 1 | tr -d ' ') left on the disk"
}
