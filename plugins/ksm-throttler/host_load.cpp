// SPDX-License-Identifier: Apache-2.0
#include "host_load.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "kata/concat.h"
#include "ksm_directory.h"

namespace kata::ksm {

namespace {

constexpr std::string_view kBlanks = " \t";

std::optional<std::uint64_t> leading_number(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  return value;
}

std::string_view after_words(std::string_view text, int words) {
  for (; words > 0; --words) {
    text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
    text.remove_prefix(std::min(text.find_first_of(kBlanks), text.size()));
  }
  return text;
}

}  // namespace

Result<std::uint64_t> parse_anonymous_kib(std::string_view meminfo) {
  constexpr std::string_view kLabel = "AnonPages:";
  const auto at = meminfo.find(kLabel);
  const auto kib = at == std::string_view::npos
                       ? std::nullopt
                       : leading_number(meminfo.substr(at + kLabel.size()));
  if (!kib) return make_error(ErrorCode::kInternal, "no AnonPages in meminfo: is /proc mounted?");
  return *kib;
}

Result<std::uint64_t> anonymous_pages(const std::filesystem::path& proc) {
  const std::string text = KATA_TRY(read_small_file(proc / "meminfo"), "");
  const auto kib = KATA_TRY(parse_anonymous_kib(text), concat("read '", proc / "meminfo", "'"));
  return kib / (static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) / 1024);
}

std::optional<double> parse_pressure(std::string_view text) {
  constexpr std::string_view kLabel = "some avg10=";
  if (!text.starts_with(kLabel)) return std::nullopt;
  double value = 0;
  const char* begin = text.data() + kLabel.size();
  const auto [end, error] = std::from_chars(begin, text.data() + text.size(), value);
  if (error != std::errc() || end == begin) return std::nullopt;
  return value;
}

std::optional<double> cpu_pressure(const std::filesystem::path& proc) {
  const auto text = read_small_file(proc / "pressure/cpu");
  return text.ok() ? parse_pressure(text.value()) : std::nullopt;
}

std::optional<int> find_ksmd(const std::filesystem::path& proc) {
  std::error_code error;
  for (std::filesystem::directory_iterator at(proc, error), end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().filename();
    const auto pid = leading_number(name);
    if (!pid) continue;
    const auto comm = read_small_file(at->path() / "comm");
    // Anybody may call a program "ksmd"; only kernel threads have an empty command line.
    if (!comm.ok() || comm.value() != "ksmd") continue;
    const auto words = read_small_file(at->path() / "cmdline");
    if (words.ok() && words.value().empty()) return static_cast<int>(*pid);
  }
  return std::nullopt;
}

std::optional<std::uint64_t> parse_cpu_ticks(std::string_view stat) {
  const auto name_end = stat.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  const auto rest = after_words(stat.substr(name_end + 1), 11);
  const auto user = leading_number(rest), system = leading_number(after_words(rest, 1));
  if (!user || !system) return std::nullopt;
  return *user + *system;
}

std::optional<std::chrono::milliseconds> cpu_time(const std::filesystem::path& proc, int pid) {
  const auto text = read_small_file(proc / std::to_string(pid) / "stat");
  const auto ticks = text.ok() ? parse_cpu_ticks(text.value()) : std::nullopt;
  if (!ticks) return std::nullopt;
  return std::chrono::milliseconds(*ticks * 1000 /
                                   static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK)));
}

}  // namespace kata::ksm
