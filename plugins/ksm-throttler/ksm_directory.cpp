// SPDX-License-Identifier: Apache-2.0
#include "ksm_directory.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>

#include "kata/concat.h"
#include "kata/unique_fd.h"

namespace kata::ksm {

namespace {

template <class Number>
Result<Number> parse(const std::filesystem::path& file, const std::string& text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && !text.empty()) return value;
  return make_error(ErrorCode::kInternal,
                    concat("'", file, "' holds no number: is it the kernel's KSM directory?"));
}

std::string chosen_word(const std::string& text) {
  const auto from = text.find('['), to = text.find(']');
  const bool list = from != std::string::npos && to != std::string::npos && from < to;
  return list ? text.substr(from + 1, to - from - 1) : text;
}

}  // namespace

Result<std::string> read_small_file(const std::filesystem::path& file) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return errno_error(concat("open '", file, "'"), errno);
  std::array<char, 4096> bytes{};
  const ssize_t got = ::read(fd.get(), bytes.data(), bytes.size());
  if (got < 0) return errno_error(concat("read '", file, "'"), errno);
  std::string text(bytes.data(), static_cast<std::size_t>(got));
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

Result<void> KsmDirectory::check() const {
  if (!has("run"))
    return make_error(ErrorCode::kNotFound, concat("'", path_,
                                                   "/run' does not exist: this kernel has no KSM "
                                                   "(CONFIG_KSM); set memory_dedup = \"none\""));
  for (const char* key : {"run", "pages_to_scan", "sleep_millisecs"}) {
    KATA_TRY(number(key), "");
    const UniqueFd fd(::open((path_ / key).c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd)
      return errno_error(
          concat("open '", path_ / key, "' for writing (it needs root and a writable /sys)"),
          errno);
  }
  return {};
}

bool KsmDirectory::has(std::string_view key) const {
  return ::access((path_ / key).c_str(), F_OK) == 0;
}

Result<std::string> KsmDirectory::read(std::string_view key) const {
  return chosen_word(KATA_TRY(read_small_file(path_ / key), ""));
}

Result<std::uint64_t> KsmDirectory::number(std::string_view key) const {
  const std::string text = KATA_TRY(read(key), "");
  return parse<std::uint64_t>(path_ / key, text);
}

Result<std::optional<std::int64_t>> KsmDirectory::optional_signed(std::string_view key) const {
  if (!has(key)) return std::optional<std::int64_t>();
  const std::string text = KATA_TRY(read(key), "");
  return std::optional(KATA_TRY(parse<std::int64_t>(path_ / key, text), ""));
}

Result<void> KsmDirectory::write(std::string_view key, std::string_view value) const {
  const auto file = path_ / key;
  const UniqueFd fd(::open(file.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
  if (!fd || ::write(fd.get(), value.data(), value.size()) != static_cast<ssize_t>(value.size()))
    return errno_error(concat("write ", value, " to '", file, "'"), errno);
  return {};
}

}  // namespace kata::ksm
