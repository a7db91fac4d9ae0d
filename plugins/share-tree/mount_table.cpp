// SPDX-License-Identifier: Apache-2.0
#include "mount_table.h"

#include <optional>

namespace kata::share {

namespace {

// The fifth field of a line: "36 35 98:0 /root /mount/point options …".
std::optional<std::string_view> mount_point_field(std::string_view line) {
  for (int skipped = 0; skipped < 4; ++skipped) {
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    line.remove_prefix(space + 1);
  }
  return line.substr(0, line.find(' '));
}

bool is_octal(char character) { return character >= '0' && character <= '7'; }

// The kernel writes space, tab, newline and backslash as \ooo.
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) &&
                        is_octal(text[i + 2]) && is_octal(text[i + 3]);
    if (!escape) {
      out.push_back(text[i]);
      continue;
    }
    const int value = (text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0');
    out.push_back(static_cast<char>(value));
    i += 3;
  }
  return out;
}

}  // namespace

std::vector<std::string> mounts_below(std::string_view mountinfo, std::string_view directory) {
  std::vector<std::string> found;
  while (!mountinfo.empty()) {
    const std::size_t end = mountinfo.find('\n');
    const std::string_view line = mountinfo.substr(0, end);
    mountinfo.remove_prefix(end == std::string_view::npos ? mountinfo.size() : end + 1);
    const auto field = mount_point_field(line);
    if (!field) continue;
    const std::string point = unescape(*field);
    const bool below = point.size() > directory.size() + 1 && point.starts_with(directory) &&
                       point[directory.size()] == '/';
    if (below) found.push_back(point.substr(directory.size() + 1));
  }
  return found;
}

}  // namespace kata::share
