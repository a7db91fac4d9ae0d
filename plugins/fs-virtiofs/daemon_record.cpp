// SPDX-License-Identifier: Apache-2.0
#include "daemon_record.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "kata/child_process.h"
#include "kata/concat.h"
#include "kata/unique_fd.h"

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
  const auto file = state_dir / kFile, next = state_dir / concat(kFile, ".new");
  const std::string text = to_json(record);
  const UniqueFd fd(
      ::open(next.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd || ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      ::rename(next.c_str(), file.c_str()) != 0)
    return errno_error(concat("write '", file, "'"), errno);
  return {};
}

Result<DaemonRecord> read_record(const std::filesystem::path& state_dir) {
  const auto file = state_dir / kFile;
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd && errno == ENOENT) return DaemonRecord{};
  std::string text(kMaxSize + 1, '\0');
  const ssize_t got = fd ? ::read(fd.get(), text.data(), text.size()) : -1;
  if (got < 0) return errno_error(concat("read '", file, "'"), errno);
  text.resize(static_cast<std::size_t>(got));
  return record_from_json(text);
}

Result<void> remove_record(const std::filesystem::path& state_dir) {
  for (const auto& name : {std::string(kFile), concat(kFile, ".new")})
    if (::unlink((state_dir / name).c_str()) != 0 && errno != ENOENT)
      return errno_error(concat("remove '", state_dir / name, "'"), errno);
  return {};
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
