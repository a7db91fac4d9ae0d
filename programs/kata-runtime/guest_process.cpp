// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/guest_process.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sandbox/json_reader.h"

namespace kata::runtime {
namespace {

using sandbox::JsonReader;
using sandbox::Need;

GuestProcess read_guest_process(const JsonReader& from) {
  GuestProcess process;
  process.pid = from.natural32("pid", Need::kRequired);
  process.parent = from.natural32("ppid");
  process.uid = from.natural32("uid");
  process.threads = from.natural32("threads");
  process.state = from.text("state");
  process.terminal = from.text("tty");
  process.age_ms = from.natural("age_ms");
  process.cpu_ms = from.natural("cpu_ms");
  process.virtual_kib = from.natural("vsz_kib");
  process.resident_kib = from.natural("rss_kib");
  process.name = from.text("comm");
  process.command = from.text("command");
  return process;
}

}  // namespace

Result<std::vector<GuestProcess>> parse_guest_processes(std::string_view json) {
  sandbox::Findings findings{"the agent's list of processes", nullptr, std::nullopt};
  const nlohmann::json document = sandbox::parse_json_object(json, findings);
  std::vector<GuestProcess> processes;
  if (findings.ok())
    JsonReader(document, "", findings).each_object("processes", [&](const JsonReader& item) {
      processes.push_back(read_guest_process(item));
    });
  KATA_TRY(std::move(findings).outcome(), "");
  std::stable_sort(processes.begin(), processes.end(),
                   [](const auto& one, const auto& other) { return one.pid < other.pid; });
  return processes;
}

}  // namespace kata::runtime
