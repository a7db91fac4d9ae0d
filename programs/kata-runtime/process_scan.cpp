// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/process_scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>

#include "core/base/files.h"
#include "kata/concat.h"
#include "kata/unique_fd.h"

namespace kata::runtime {
namespace {

constexpr std::size_t kLongestCommandLine = 2U << 20;  // the kernel's limit for arguments

std::optional<pid_t> pid_of(std::string_view name) {
  pid_t pid = 0;
  const auto [end, status] = std::from_chars(name.data(), name.data() + name.size(), pid);
  if (status != std::errc{} || end != name.data() + name.size() || pid <= 0) return std::nullopt;
  return pid;
}

std::vector<std::string> split_at_nul(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\0'), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

}  // namespace

Result<void> for_each_process(
    const std::filesystem::path& proc,
    const std::function<void(pid_t, const std::vector<std::string>&)>& visit) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(proc.c_str()), ::closedir);
  if (!stream) return errno_error(concat("read directory '", proc, "'"), errno);
  while (const dirent* entry = ::readdir(stream.get())) {
    const auto pid = pid_of(entry->d_name);
    struct stat about {};
    const std::filesystem::path directory = proc / entry->d_name;
    if (!pid || ::stat(directory.c_str(), &about) != 0 || about.st_uid != ::geteuid()) continue;
    const auto text = read_file(directory / "cmdline", kLongestCommandLine);
    if (text.ok() && !text.value().empty()) visit(*pid, split_at_nul(text.value()));
  }
  return {};
}

std::string_view program_name(const std::vector<std::string>& words) {
  if (words.empty()) return {};
  const std::string_view path = words.front();
  return path.substr(path.rfind('/') + 1);
}

std::string_view value_of(const std::vector<std::string>& words, std::string_view flag) {
  const auto found = std::find(words.begin(), words.end(), flag);
  return found == words.end() || found + 1 == words.end() ? std::string_view() : *(found + 1);
}

}  // namespace kata::runtime
