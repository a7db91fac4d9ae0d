// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-agent-ctl/auto_values.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <array>

#include "kata/concat.h"

namespace kata::agentctl {

namespace {

constexpr std::size_t kRandomData = 64;           // bytes for the guest's random generator
constexpr std::uint32_t kReadLength = 64U << 10;  // bytes of a stream at a time
constexpr winsize kUsualTerminal{24, 80, 0, 0};

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(count)) bytes.clear();
  return bytes;
}

// The fields of a request that are still empty.
class Gaps {
 public:
  explicit Gaps(Message& request) : request_(request) {}

  const Field* find(const char* name) const {
    const Field* field = request_.GetDescriptor()->FindFieldByName(name);
    const bool empty = field != nullptr && !field->is_repeated() &&
                       !request_.GetReflection()->HasField(request_, field);
    return empty ? field : nullptr;
  }
  bool fill(const char* name, const std::string& value) {
    const Field* field = value.empty() ? nullptr : find(name);
    if (field != nullptr) request_.GetReflection()->SetString(&request_, field, value);
    return field != nullptr;
  }
  void fill_number(const char* name, std::uint32_t value) {
    if (const Field* field = find(name))
      request_.GetReflection()->SetUInt32(&request_, field, value);
  }
  void fill_time(const char* name, std::int64_t value) {
    if (const Field* field = find(name))
      request_.GetReflection()->SetInt64(&request_, field, value);
  }

 private:
  Message& request_;
};

void fill_clock(Gaps& gaps) {
  if (gaps.find("Sec") == nullptr || gaps.find("Usec") == nullptr) return;
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  gaps.fill_time("Sec", now.tv_sec);
  gaps.fill_time("Usec", now.tv_nsec / 1000);
}

void fill_terminal_size(Gaps& gaps) {
  winsize size = kUsualTerminal;
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0) size = kUsualTerminal;
  gaps.fill_number("row", size.ws_row);
  gaps.fill_number("column", size.ws_col);
}

std::string text_of(const Message& message, const char* name) {
  const Field* field = message.GetDescriptor()->FindFieldByName(name);
  if (field == nullptr || field->is_repeated()) return {};
  return message.GetReflection()->GetString(message, field);
}

void fill_ids(const std::string& method, Gaps& gaps, const SessionIds& session,
              std::vector<std::string>& made) {
  const auto make = [&](const char* field) {
    const std::string id = generate_id();
    if (gaps.fill(field, id)) made.push_back(concat(field, "=", id));
  };
  if (method == "CreateContainer") make("container_id");
  if (method == "CreateSandbox") make("sandbox_id");
  gaps.fill("container_id", session.container_id);
  if (method == "ExecProcess") make("exec_id");
}

}  // namespace

std::string generate_id() {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string id;
  for (const char byte : random_bytes(32)) {
    id.push_back(kDigits[(static_cast<unsigned char>(byte) >> 4U) & 15U]);
    id.push_back(kDigits[static_cast<unsigned char>(byte) & 15U]);
  }
  return id;
}

std::vector<std::string> fill_auto_values(const Method& method, Message& request,
                                          SessionIds& session) {
  Gaps gaps(request);
  const std::string& name = method.name();
  std::vector<std::string> made;
  fill_ids(name, gaps, session, made);
  if (name == "SignalProcess") gaps.fill_number("signal", SIGTERM);
  if (name == "ReadStdout" || name == "ReadStderr") gaps.fill_number("len", kReadLength);
  if (name == "ReseedRandomDev") gaps.fill("data", random_bytes(kRandomData));
  if (name == "SetGuestDateTime") fill_clock(gaps);
  if (name == "TtyWinResize") fill_terminal_size(gaps);
  return made;
}

void remember_ids(const Message& request, SessionIds& session) {
  if (std::string id = text_of(request, "container_id"); !id.empty())
    session.container_id = std::move(id);
  if (std::string id = text_of(request, "sandbox_id"); !id.empty())
    session.sandbox_id = std::move(id);
}

}  // namespace kata::agentctl
