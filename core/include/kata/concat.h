// SPDX-License-Identifier: Apache-2.0
//
// concat("open '", path, "': line ", 12): one string from strings, paths, characters and integers.
// No format string, no locale.
#pragma once

#include <concepts>
#include <filesystem>
#include <string>
#include <string_view>

namespace kata {

namespace detail {
inline void append(std::string& out, std::string_view text) { out.append(text); }
inline void append(std::string& out, const char* text) { out.append(text); }
inline void append(std::string& out, const std::string& text) { out.append(text); }
inline void append(std::string& out, const std::filesystem::path& path) {
  out.append(path.native());
}
inline void append(std::string& out, char character) { out.push_back(character); }
inline void append(std::string& out, std::integral auto number) {
  out.append(std::to_string(number));
}
}  // namespace detail

template <class... Parts>
std::string concat(const Parts&... parts) {
  std::string out;
  (detail::append(out, parts), ...);
  return out;
}

}  // namespace kata
