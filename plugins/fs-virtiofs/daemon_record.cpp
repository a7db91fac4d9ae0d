// SPDX-License-Identifier: Apache-2.0
#include "daemon_record.h"

#include <signal.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "kata/child_process.h"
#include "kata/concat.h"
#include "kata/state_file.h"

namespace kata::virtiofs {

namespace {

constexpr const char* kFile = "daemon";
constexpr std::size_t kMaxSize = 256;

Error damaged(std::string_view why) {
  return make_error(ErrorCode::kInvalidArgument, concat("record of virtiofsd: ", why));
}

}  // namespace

std::string to_json(const DaemonRecord& record) {
  return nlohmann::json{{"pid", record.pid}, {"start_time", record.start_time}}.dump();
}

Result<DaemonRecord> record_from_json(std::string_view text) {
  if (text.size() > kMaxSize) return damaged("too long");
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return damaged("not a JSON object");
  const auto pid = json.find("pid"), start_time = json.find("start_time");
  if (pid == json.end() || !pid->is_number_unsigned() || start_time == json.end() ||
      !start_time->is_number_unsigned())
    return damaged("'pid' or 'start_time' is not there, or is not a number");
  const auto number = pid->get<std::uint64_t>();
  // A group of pid 1 or less would be everybody.
  if (number == 1 || number > (1U << 22)) return damaged(concat("impossible pid ", number));
  return DaemonRecord{static_cast<pid_t>(number), start_time->get<std::uint64_t>()};
}

Result<void> write_record(const std::filesystem::path& state_dir, const DaemonRecord& record) {
  return write_state_file(state_dir / kFile, to_json(record));
}

Result<DaemonRecord> read_record(const std::filesystem::path& state_dir) {
  const auto text = KATA_TRY(read_state_file(state_dir / kFile, kMaxSize + 1), "");
  return text ? record_from_json(*text) : DaemonRecord{};
}

Result<void> remove_record(const std::filesystem::path& state_dir) {
  return remove_state_file(state_dir / kFile);
}

Result<void> kill_recorded(const DaemonRecord& record) {
  if (record.pid == 0) return {};
  auto process = ChildProcess::adopt(record.pid, record.start_time);
  if (!process.ok()) return {};  // gone, or its pid is somebody else's
  ::kill(-record.pid, SIGKILL);  // with the part of it that is in the sandbox
  const Deadline now = std::chrono::steady_clock::now();
  KATA_TRY(process.value().terminate(SIGKILL, now), "kill virtiofsd of a killed predecessor");
  return {};
}

}  // namespace kata::virtiofs
