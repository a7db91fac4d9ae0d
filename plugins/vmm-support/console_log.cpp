// SPDX-License-Identifier: Apache-2.0
#include "console_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <deque>

#include "kata/unique_fd.h"

namespace kata::vmm {
namespace {

constexpr off_t kLogLimit = 1 << 20;
constexpr off_t kBlock = 4096;

// Past an escape sequence that begins at `at`: CSI up to its final byte, or ESC and one byte.
std::size_t skip_escape(std::string_view text, std::size_t at) {
  if (++at >= text.size() || text[at] != '[') return at;
  while (++at < text.size() && (text[at] < 0x40 || text[at] > 0x7e)) {
  }
  return at;
}

std::string clean_line(std::string_view text) {
  std::string clean;
  for (std::size_t at = 0; at < text.size() && clean.size() < kLongestLine; ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte == 0x1b)
      at = skip_escape(text, at);
    else if (byte == '\t')
      clean += ' ';
    else if (byte >= 0x80)
      clean += '?';
    else if (byte >= 0x20 && byte != 0x7f)
      clean += static_cast<char>(byte);
  }
  clean.erase(clean.find_last_not_of(' ') + 1);
  return clean;
}

}  // namespace

std::string tail_of(std::string_view text, std::uint32_t lines) {
  if (text.size() > kTailBytes) text.remove_prefix(text.size() - kTailBytes);
  std::deque<std::string> kept;
  while (!text.empty() && kept.size() < lines) {
    const std::size_t last_break = text.find_last_of('\n');
    const std::size_t begin = last_break == std::string_view::npos ? 0 : last_break + 1;
    if (std::string line = clean_line(text.substr(begin)); !line.empty())
      kept.push_front(std::move(line));
    text = text.substr(0, begin == 0 ? 0 : last_break);
  }
  std::string tail;
  for (const std::string& line : kept) tail += (tail.empty() ? "" : "\n") + line;
  return tail;
}

std::string read_tail(const std::filesystem::path& path, std::uint32_t lines) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) return {};
  std::string text(kTailBytes, '\0');
  const off_t from = std::max<off_t>(0, status.st_size - static_cast<off_t>(kTailBytes));
  const ssize_t got = ::pread(file.get(), text.data(), text.size(), from);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return tail_of(text, lines);
}

void trim_log(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || status.st_blocks * 512 <= kLogLimit) return;
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file) return;
  const off_t kept = static_cast<off_t>(kTailBytes);
  const off_t hole = std::max<off_t>(0, status.st_size - kept) / kBlock * kBlock;
  ::fallocate(file.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, hole);
}

}  // namespace kata::vmm
