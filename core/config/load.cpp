// SPDX-License-Identifier: Apache-2.0
#include "core/config/load.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <vector>

#include "core/base/trust.h"
#include "core/config/compose.h"
#include "core/config/document.h"
#include "kata/concat.h"

namespace kata::config {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFileSize = 1U << 20;
constexpr const char* kHostFile = "/etc/kata-containers/configuration.toml";
constexpr const char* kInstalledFile = "share/defaults/kata-containers/configuration.toml";

// The installed files, that of the tree which this program is in first.
std::vector<fs::path> default_files() {
  std::vector<fs::path> files{kHostFile};
  std::error_code none;
  const fs::path program = fs::read_symlink("/proc/self/exe", none);
  for (const fs::path& prefix :
       {installed_prefix(program), fs::path("/usr"), fs::path("/usr/local")})
    if (!prefix.empty()) files.push_back(prefix / kInstalledFile);
  return files;
}

Result<fs::path> resolved(const fs::path& path) {
  std::error_code error;
  fs::path real = fs::canonical(path, error);
  if (error) return errno_error(concat("configuration file '", path, "'"), error.value());
  return real;
}

// KATA_CONF_FILE may come from a caller less trusted than the files of this host: it can choose
// among the shipped files and no other.
Result<fs::path> from_environment(const char* value) {
  const fs::path wanted = KATA_TRY(resolved(value), "variable KATA_CONF_FILE");
  const auto files = default_files();
  for (const fs::path& file : files) {
    auto shipped = resolved(file);
    if (shipped.ok() && shipped.value() == wanted) return wanted;
  }
  return make_error(ErrorCode::kPermission,
                    concat("variable KATA_CONF_FILE: expected '", files[0], "' or '", files[1],
                           "', found '", value, "'; name any other file by --config"));
}

Result<std::string> read_trusted(const fs::path& path) {
  const UniqueFd fd = KATA_TRY(open_trusted_file(path), "");
  std::string text;
  std::string buffer(64U << 10, '\0');
  for (;;) {
    const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error("read", errno);
    if (count == 0) return text;
    text.append(buffer, 0, static_cast<std::size_t>(count));
    if (text.size() > kMaxFileSize)
      return make_error(ErrorCode::kResourceExhausted,
                        concat("size: expected at most ", kMaxFileSize,
                               " bytes, found more; is this a configuration file?"));
  }
}

Result<Document> read_document(const fs::path& path) {
  const std::string text = KATA_TRY(read_trusted(path), concat("configuration file '", path, "'"));
  return parse_toml(text, path.native());
}

struct DropIns {
  std::vector<fs::path> files{};
  std::vector<std::string> warnings{};
};

Result<DropIns> find_drop_ins(const fs::path& directory) {
  DropIns found;
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()), ::closedir);
  if (!stream && errno == ENOENT) return found;
  if (!stream) return errno_error(concat("open directory '", directory, "'"), errno);
  KATA_TRY(check_trusted_directory(directory), concat("configuration directory '", directory, "'"));
  while (const dirent* entry = ::readdir(stream.get())) {
    const fs::path name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (name.extension() == ".toml")
      found.files.push_back(directory / name);
    else
      found.warnings.push_back(concat(
          "'", directory / name, "' is not a drop-in: its name does not end in .toml; ignored"));
  }
  std::sort(found.files.begin(), found.files.end());
  return found;
}

}  // namespace

fs::path installed_prefix(const fs::path& program) {
  if (!program.is_absolute()) return {};
  const fs::path directory = program.parent_path();
  if (directory.filename() == "bin") return directory.parent_path();
  const fs::path above = directory.parent_path();
  if (directory.filename() == "kata-containers" && above.filename() == "libexec")
    return above.parent_path();
  return {};
}

Result<fs::path> find_config_file(const std::optional<fs::path>& explicit_path) {
  if (explicit_path) return resolved(*explicit_path);
  if (const char* value = std::getenv("KATA_CONF_FILE"); value != nullptr && *value != '\0')
    return from_environment(value);
  const auto files = default_files();
  for (const fs::path& file : files) {
    auto found = resolved(file);
    if (found.ok() || found.error().sys_errno != ENOENT) return found;
  }
  return make_error(ErrorCode::kNotFound,
                    concat("no configuration file: expected '", files[0], "' or '", files[1],
                           "'; install one or name it by --config"));
}

Result<Config> load_config(const fs::path& main_file) {
  const fs::path file = KATA_TRY(resolved(main_file), "");
  Document document = KATA_TRY(read_document(file), "");
  DropIns drop_ins = KATA_TRY(find_drop_ins(file.parent_path() / "config.d"), "");
  for (const fs::path& path : drop_ins.files) overlay(document, KATA_TRY(read_document(path), ""));
  Config config = KATA_TRY(compose(std::move(document)), "");
  config.warnings.insert(config.warnings.begin(), drop_ins.warnings.begin(),
                         drop_ins.warnings.end());
  return config;
}

}  // namespace kata::config
