// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/loader.h"

#include <dlfcn.h>
#include <sys/stat.h>

// boost/dll needs <vector> before it.
#include <vector>

#define BOOST_DLL_USE_STD_FS
#include <boost/dll/shared_library.hpp>

#include <list>
#include <mutex>
#include <utility>

#include "core/base/trust.h"
#include "core/plugin_host/crash_note.h"
#include "core/plugin_host/elf_note.h"
#include "core/plugin_host/refusal.h"
#include "kata/concat.h"

namespace kata::plugin_host {

namespace {

namespace fs = std::filesystem;
using boost::dll::load_mode::rtld_local;
using boost::dll::load_mode::rtld_now;

// The loader opens by name what we checked by descriptor. Nobody but the trusted owner can change
// the directory, so this guards against an upgrade in between, not against malice.
Result<void> check_same_file(int fd, const fs::path& file) {
  struct stat checked {};
  struct stat named {};
  if (::fstat(fd, &checked) != 0 || ::lstat(file.c_str(), &named) != 0)
    return errno_error("stat", errno);
  if (checked.st_dev == named.st_dev && checked.st_ino == named.st_ino) return {};
  return refused("file", "the file that was checked", "another one of that name",
                 "try again: it was replaced meanwhile");
}

// dlerror's text begins with the path, which the message has already.
std::string reason_of_dlerror(const fs::path& file) {
  const char* text = ::dlerror();
  std::string_view reason = text == nullptr ? "an unknown reason" : text;
  const std::string prefix = concat(file, ": ");
  if (reason.starts_with(prefix)) reason.remove_prefix(prefix.size());
  return printable(reason);
}

// Never unloaded: see the header. A list of its own, so that its address stays known.
const boost::dll::shared_library& keep_for_ever(boost::dll::shared_library library) {
  static std::mutex mutex;
  static auto& libraries = *new std::list<boost::dll::shared_library>;
  const std::lock_guard lock(mutex);
  return libraries.emplace_back(std::move(library));
}

Result<const plugin::Descriptor*> open_library(const fs::path& file) {
  boost::dll::shared_library library;
  std::error_code error;
  {
    const PluginCall running(file.c_str(), "its static initialisers");
    library.load(file, rtld_now | rtld_local, error);
  }
  if (error)
    return refused("dlopen", "a library whose symbols all resolve", reason_of_dlerror(file),
                   "install what is missing or rebuild the plugin");
  const boost::dll::shared_library& kept = keep_for_ever(std::move(library));
  if (!kept.has(kDescriptorSymbol))
    return refused("exported symbol", kDescriptorSymbol, "none of that name",
                   "rebuild the plugin with kata_add_plugin()");
  return &kept.get<const plugin::Descriptor>(kDescriptorSymbol);
}

// libkata-net-acme.so must not hold "tap": somebody copied or renamed it.
Result<void> check_file_name(const fs::path& file, const plugin::Descriptor& descriptor) {
  const std::string stem = file.stem().native();
  const std::string ending = concat("-", descriptor.name);
  if (!stem.starts_with("libkata-") || stem.ends_with(ending)) return {};
  return refused("name", concat("a file name that ends in '", printable(ending), ".so'"),
                 concat("'", printable(file.filename().native()), "'"), "rename the file");
}

Result<const plugin::Descriptor*> check_and_load(const fs::path& file,
                                                 const WantedInterface& wanted) {
  if (!file.is_absolute())
    return refused("path", "an absolute path", "a relative one", "write the whole path");
  const UniqueFd fd = KATA_TRY(open_trusted_file(file), "");
  const ElfNote note = KATA_TRY(read_elf_note(fd.get()), "");
  KATA_TRY(check_note(note, wanted), "");
  KATA_TRY(check_same_file(fd.get(), file), "");
  const PluginCall running(file.c_str(), "its descriptor");
  const plugin::Descriptor* descriptor = KATA_TRY(open_library(file), "");
  KATA_TRY(check_descriptor(*descriptor, note), "");
  KATA_TRY(check_file_name(file, *descriptor), "");
  return descriptor;
}

}  // namespace

Result<const plugin::Descriptor*> load_plugin(const fs::path& file, const WantedInterface& wanted) {
  return KATA_TRY(check_and_load(file, wanted), concat("plugin '", file, "'"));
}

Result<PluginInfo> inspect_plugin(const fs::path& file) {
  const std::string action = concat("plugin '", file, "'");
  const UniqueFd fd = KATA_TRY(open_trusted_file(file), action);
  const ElfNote note = KATA_TRY(read_elf_note(fd.get()), action);
  const auto field = [&note](std::string_view key) {
    const auto found = note.fields.find(key);
    return found == note.fields.end() ? std::string() : printable(found->second);
  };
  return PluginInfo{file,
                    field("interface"),
                    field("name"),
                    field("version"),
                    field("vendor"),
                    field("license"),
                    field("summary"),
                    field("fingerprint")};
}

}  // namespace kata::plugin_host
