// SPDX-License-Identifier: Apache-2.0
//
// What tells the agent how to run: the kernel's command line, the environment, its arguments, and
// the list of modules of its image. Nothing of it may crash it, and a refused value changes
// nothing that another part then trips over.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "agent/config.h"
#include "agent/modules.h"

using namespace kata;
using namespace kata::agent;

namespace {

void require(bool held) {
  if (!held) std::abort();
}

std::vector<const char*> words_of_line(std::string& text) {
  std::vector<const char*> words;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    if (end < text.size()) text[end] = '\0';
    words.push_back(text.data() + at);
    at = end + 1;
  }
  return words;
}

void check(const AgentConfig& config) {
  require(config.hotplug_timeout.count() >= 0);
  require(!config.run_dir.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  AgentConfig config;
  for (const std::string& warning : apply_kernel_command_line(text, config))
    require(!warning.empty());
  check(config);
  for (const std::string& warning :
       apply_environment([&](const char*) { return text.c_str(); }, config))
    require(!warning.empty());
  std::string line = text;
  const auto words = words_of_line(line);
  const auto action = apply_arguments(words, config);
  require(action.ok() || !action.error().message.empty());
  check(config);
  const auto modules = parse_module_list(text);
  if (!modules.ok()) return 0;
  for (const auto& [name, dependencies] : modules.value()) {
    const auto order = load_order(modules.value(), name);
    if (order.ok()) require(order.value().back() == name);
  }
  return 0;
}
