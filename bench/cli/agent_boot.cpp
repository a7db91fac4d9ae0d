// SPDX-License-Identifier: Apache-2.0
#include "bench/cli/agent_boot.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "bench/agent/fail.h"
#include "kata/concat.h"

namespace kata::bench {

AgentBoot agent_boot(const std::filesystem::path& console_log) {
  std::ifstream file(console_log);
  for (std::string line; std::getline(file, line);) {
    const auto entry = nlohmann::json::parse(line, nullptr, false);
    if (!entry.is_object() || entry.value("msg", "") != "agent is ready") continue;
    const auto time = [&](const char* key) { return std::stod(entry.value(key, "0")); };
    const double start = time("start_us"), answer = time("answer_us");
    if (start <= 0 || answer <= start) fail("the agent was ready before anybody asked: " + line);
    return {answer - start, time("complete_us") - start};
  }
  fail(concat("'", console_log, "' does not say that the agent is ready"));
}

}  // namespace kata::bench
