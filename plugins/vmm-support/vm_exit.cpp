// SPDX-License-Identifier: Apache-2.0
#include "vm_exit.h"

#include <array>
#include <cstring>

#include "kata/concat.h"

namespace kata::vmm {
namespace {

constexpr std::array<std::string_view, 7> kPanicSigns = {"Kernel panic",
                                                         "not syncing",
                                                         "Attempted to kill init",
                                                         "No working init",
                                                         "VFS: Unable to mount",
                                                         "Initramfs unpacking failed",
                                                         "System is deadlocked on memory"};
constexpr std::size_t kLongestStory = 1024;

bool tells_of_panic(std::string_view line) {
  if (line.find("end Kernel panic") != std::string_view::npos) return false;  // the first, again
  for (const std::string_view sign : kPanicSigns)
    if (line.find(sign) != std::string_view::npos) return true;
  return false;
}

// "[    1.234567] text" → "text"
std::string_view without_timestamp(std::string_view line) {
  if (!line.starts_with('[')) return line;
  const std::size_t end = line.find("] ");
  return end == std::string_view::npos ? line : line.substr(end + 2);
}

std::string joined(std::string_view lines) {
  std::string text;
  for (const char c : lines) text.append(c == '\n' ? "; " : std::string_view(&c, 1));
  return text;
}

}  // namespace

std::string panic_lines(std::string_view console_tail) {
  std::string story;
  bool panicked = false;
  while (!console_tail.empty() && story.size() < kLongestStory) {
    const std::size_t end = console_tail.find('\n');
    const std::string_view line = without_timestamp(console_tail.substr(0, end));
    if (tells_of_panic(line)) story += concat(story.empty() ? "" : "; ", line);
    panicked = panicked || line.find("Kernel panic") != std::string_view::npos;
    console_tail.remove_prefix(end == std::string_view::npos ? console_tail.size() : end + 1);
  }
  return panicked ? story : std::string();
}

std::string describe_status(ExitStatus status) {
  if (status.code < 0) return "a status unknown to us (it was not our child)";
  if (status.code > 128)
    return concat("signal ", status.code - 128, " (", ::strsignal(status.code - 128), ")");
  return concat("exit code ", status.code);
}

std::string describe_exit(const LastWords& words) {
  if (const std::string panic = panic_lines(words.console_tail); !panic.empty())
    return concat("the guest kernel panicked: ", panic);
  if (words.status.code == 0 && !words.killed) {
    const std::string_view verb = words.rebooted ? "rebooted" : "shut itself down";
    return words.console_tail.empty()
               ? concat("the guest ", verb)
               : concat("the guest ", verb,
                        "; its last console lines: ", joined(words.console_tail));
  }
  std::string text = concat(words.vmm, " ended with ", describe_status(words.status));
  if (!words.stderr_tail.empty()) text += concat(": ", joined(words.stderr_tail));
  return text;
}

}  // namespace kata::vmm
