// SPDX-License-Identifier: Apache-2.0
#include "agent/container/kernel_text.h"

#include <algorithm>
#include <charconv>

namespace kata::agent {
namespace {

constexpr std::uint64_t kMostCpus = 65536;
constexpr std::size_t kNetNumbers = 16;

bool is_octal(char letter) { return letter >= '0' && letter <= '7'; }

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\' && at + 3 < text.size() && text[at + 1] <= '3' && is_octal(text[at + 1]) &&
        is_octal(text[at + 2]) && is_octal(text[at + 3])) {
      out += static_cast<char>((text[at + 1] - '0') * 64 + (text[at + 2] - '0') * 8 +
                               (text[at + 3] - '0'));
      at += 3;
    } else {
      out += text[at];
    }
  }
  return out;
}

std::optional<std::uint64_t> cpus_of_range(std::string_view range) {
  const std::size_t dash = range.find('-');
  const auto first = kernel_number(range.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : kernel_number(range.substr(dash + 1));
  if (!first || !last || *last < *first || *last >= kMostCpus) return std::nullopt;
  return *last - *first + 1;
}

}  // namespace

std::optional<std::uint64_t> kernel_number(std::string_view text) noexcept {
  if (text.ends_with('\n')) text.remove_suffix(1);
  std::uint64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size())
    return std::nullopt;
  return value;
}

void for_each_line(std::string_view text, const std::function<void(std::string_view)>& visit) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    visit(text.substr(0, end));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (;;) {
    const std::size_t begin = line.find_first_not_of(" \t\n");
    if (begin == std::string_view::npos) return words;
    line.remove_prefix(begin);
    const std::size_t end = std::min(line.find_first_of(" \t\n"), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

void for_each_counter(std::string_view text,
                      const std::function<void(std::string_view, std::uint64_t)>& visit) {
  for_each_line(text, [&](std::string_view line) {
    const std::size_t blank = line.find(' ');
    if (blank == 0 || blank == std::string_view::npos) return;
    if (const auto value = kernel_number(line.substr(blank + 1)))
      visit(line.substr(0, blank), *value);
  });
}

std::uint64_t counter(std::string_view text, std::string_view key) {
  std::uint64_t found = 0;
  for_each_counter(text, [&](std::string_view name, std::uint64_t value) {
    if (name == key) found = value;
  });
  return found;
}

std::optional<DeviceNumber> device_number(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto major = kernel_number(text.substr(0, colon));
  const auto minor = kernel_number(text.substr(colon + 1));
  if (!major || !minor) return std::nullopt;
  return DeviceNumber{*major, *minor};
}

std::optional<std::uint64_t> cpu_count(std::string_view list) {
  if (list.ends_with('\n')) list.remove_suffix(1);
  std::uint64_t count = 0;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const auto cpus = cpus_of_range(list.substr(0, comma));
    if (!cpus) return std::nullopt;
    count += *cpus;
    if (comma == std::string_view::npos) return count;
    list.remove_prefix(comma + 1);
  }
  return count;
}

// A name may hold a colon itself: the last one ends it.
std::vector<NetDeviceCounters> parse_net_dev(std::string_view text) {
  std::vector<NetDeviceCounters> devices;
  for_each_line(text, [&](std::string_view line) {
    const std::size_t colon = line.rfind(':');
    if (colon == std::string_view::npos) return;
    const auto name = words_of(line.substr(0, colon));
    NetDeviceCounters device;
    for (const std::string_view word : words_of(line.substr(colon + 1)))
      if (const auto value = kernel_number(word)) device.numbers.push_back(*value);
    if (name.size() != 1 || device.numbers.size() != kNetNumbers) return;
    device.name = name.front();
    devices.push_back(std::move(device));
  });
  return devices;
}

// "36 35 98:0 /root /point rw,noatime shared:1 - ext4 /dev/sda rw": the number of fields before the
// dash varies.
std::vector<MountLine> parse_mountinfo(std::string_view text) {
  std::vector<MountLine> mounts;
  for_each_line(text, [&](std::string_view line) {
    const auto words = words_of(line);
    if (words.size() < 9) return;
    const auto dash = std::find(words.begin() + 6, words.end(), "-");
    if (words.end() - dash < 3) return;
    mounts.push_back({std::string(words[2]), unescaped(words[4]), std::string(words[5]),
                      unescaped(dash[1]), unescaped(dash[2])});
  });
  return mounts;
}

}  // namespace kata::agent
