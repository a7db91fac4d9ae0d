// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-systemd-scope/manager.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>

#include "kata/concat.h"
#include "programs/kata-systemd-scope/scope_message.h"

namespace kata::systemd_scope {

namespace {

constexpr const char* kName = "org.freedesktop.systemd1";
constexpr const char* kPath = "/org/freedesktop/systemd1";
constexpr const char* kInterface = "org.freedesktop.systemd1.Manager";
constexpr const char* kSystemBus = "unix:path=/run/dbus/system_bus_socket";
constexpr const char* kPrivateSocket = "unix:path=/run/systemd/private";
constexpr const char* kUnitExists = "org.freedesktop.systemd1.UnitExists";
constexpr const char* kNoSuchUnit = "org.freedesktop.systemd1.NoSuchUnit";
constexpr std::uint64_t kForgetTime = 1'000'000;  // microseconds
constexpr const char* kRemedy =
    ": start systemd and D-Bus, or use cgroupfs: leave --systemd-cgroup out (podman: "
    "--cgroup-manager cgroupfs, kubelet: cgroupDriver: cgroupfs)";
// What a bus says for a systemd that is not there or does not answer.
constexpr std::string_view kAbsences[] = {"org.freedesktop.DBus.Error.ServiceUnknown",
                                          "org.freedesktop.DBus.Error.NameHasNoOwner",
                                          "org.freedesktop.DBus.Error.NoReply",
                                          "org.freedesktop.DBus.Error.Timeout",
                                          "org.freedesktop.DBus.Error.Disconnected",
                                          "System.Error.ECONNRESET",
                                          "System.Error.ECONNREFUSED",
                                          "System.Error.ENOTCONN",
                                          "System.Error.EPIPE"};

struct FreeMessage {
  void operator()(sd_bus_message* message) const { ::sd_bus_message_unref(message); }
};
using Message = std::unique_ptr<sd_bus_message, FreeMessage>;

class BusError {
 public:
  BusError() = default;
  ~BusError() { ::sd_bus_error_free(&value); }
  BusError(const BusError&) = delete;
  BusError& operator=(const BusError&) = delete;

  std::string name() const { return value.name == nullptr ? "" : value.name; }
  std::string text() const { return value.message == nullptr ? name() : value.message; }

  sd_bus_error value{};
};

bool is_absence(int number) {
  return number == ENOENT || number == ECONNREFUSED || number == ENOTDIR;
}

}  // namespace

Manager::~Manager() = default;

Result<std::unique_ptr<Manager>> Manager::connect(Deadline deadline) {
  const char* named = std::getenv("DBUS_SYSTEM_BUS_ADDRESS");
  const bool is_named = named != nullptr && *named != '\0';
  std::unique_ptr<Manager> manager(new Manager(deadline));
  auto opened = manager->open(is_named ? named : kSystemBus, true);
  if (!opened.ok() && !is_named && is_absence(opened.error().sys_errno) &&
      manager->open(kPrivateSocket, false).ok())
    opened = {};
  KATA_TRY(std::move(opened), "");
  KATA_TRY(manager->follow_jobs(), "");
  return manager;
}

Result<void> Manager::open(const std::string& address, bool is_bus) {
  address_ = address;
  sd_bus* bus = nullptr;
  int done = ::sd_bus_new(&bus);
  bus_.reset(bus);
  if (done >= 0) done = ::sd_bus_set_address(bus, address.c_str());
  if (done >= 0) done = ::sd_bus_set_bus_client(bus, static_cast<int>(is_bus));
  if (done >= 0) done = ::sd_bus_set_method_call_timeout(bus, time_left());
  if (done >= 0) done = ::sd_bus_start(bus);
  if (done >= 0) return {};
  Error error = unreachable("connect", std::strerror(-done));
  error.sys_errno = -done;
  return error;
}

// Before anything is asked for: the end of a job may come with the answer.
Result<void> Manager::follow_jobs() {
  const char* sender = ::sd_bus_is_bus_client(bus_.get()) > 0 ? kName : nullptr;
  const int matched = ::sd_bus_match_signal(bus_.get(), nullptr, sender, kPath, kInterface,
                                            "JobRemoved", &Manager::on_job_removed, this);
  if (matched < 0) return unreachable("listen", std::strerror(-matched));
  BusError error;
  const int asked = ::sd_bus_call_method(bus_.get(), kName, kPath, kInterface, "Subscribe",
                                         &error.value, nullptr, "");
  if (asked < 0) return failure_of("ask for its signals", error.value);
  return {};
}

int Manager::on_job_removed(sd_bus_message* signal, void* self, sd_bus_error*) {
  std::uint32_t id = 0;
  const char *job = nullptr, *unit = nullptr, *result = nullptr;
  auto& manager = *static_cast<Manager*>(self);
  const int read = ::sd_bus_message_read(signal, "uoss", &id, &job, &unit, &result);
  if (read >= 0 && manager.unit_ == unit) manager.ended_[job] = result;
  return 0;
}

Result<void> Manager::start_scope(const ScopeRequest& request) {
  unit_ = request.unit;
  std::string refusal;
  auto job = start_job(request, refusal);
  if (!job.ok() && refusal == kUnitExists) {  // one that failed stays until somebody has seen it
    forget();
    job = start_job(request, refusal);
  }
  if (!job.ok() && refusal == kUnitExists)
    return make_error(ErrorCode::kAlreadyExists,
                      concat("the unit exists already: give linux.cgroupsPath another name, or "
                             "'systemctl stop ",
                             unit_, "' if nothing uses it"));
  auto ended = await_job(KATA_TRY(std::move(job), ""));
  if (ended.ok()) return ended;
  static_cast<void>(call_for_job("StopUnit", kForgetTime));
  forget();
  return ended;
}

Result<std::string> Manager::start_job(const ScopeRequest& request, std::string& refusal) {
  sd_bus_message* made = nullptr;
  int done = ::sd_bus_message_new_method_call(bus_.get(), &made, kName, kPath, kInterface,
                                              "StartTransientUnit");
  const Message call(made);
  if (done >= 0) done = append_start(made, request);
  if (done < 0) return errno_error("write the call of StartTransientUnit", -done);
  BusError error;
  auto job = job_of(made, time_left(), error.value);
  refusal = error.name();
  return job;
}

Result<std::string> Manager::call_for_job(const char* method, std::uint64_t time) {
  sd_bus_message* made = nullptr;
  int done = ::sd_bus_message_new_method_call(bus_.get(), &made, kName, kPath, kInterface, method);
  const Message call(made);
  if (done >= 0) done = ::sd_bus_message_append(made, "ss", unit_.c_str(), "replace");
  if (done < 0) return errno_error(concat("write the call of ", method), -done);
  BusError error;
  auto job = job_of(made, time, error.value);
  if (error.name() == kNoSuchUnit) return make_error(ErrorCode::kNotFound, error.text());
  return job;
}

Result<std::string> Manager::job_of(sd_bus_message* call, std::uint64_t time, sd_bus_error& error) {
  sd_bus_message* got = nullptr;
  const int called = ::sd_bus_call(bus_.get(), call, time, &error, &got);
  const Message reply(got);
  if (called < 0) return failure_of(::sd_bus_message_get_member(call), error);
  const char* job = nullptr;
  const int read = ::sd_bus_message_read(got, "o", &job);
  if (read >= 0) return std::string(job);
  return errno_error(concat(::sd_bus_message_get_member(call), ": read systemd's reply"), -read);
}

Result<void> Manager::await_job(const std::string& job) {
  while (!ended_.contains(job)) {
    const int processed = ::sd_bus_process(bus_.get(), nullptr);
    if (processed < 0) return unreachable("wait for a job", std::strerror(-processed));
    if (processed > 0) continue;
    if (time_left() == 0)
      return make_error(ErrorCode::kTimeout,
                        concat("systemd did not finish its job in time: see 'systemctl "
                               "list-jobs' and 'systemctl status ",
                               unit_, "'"));
    ::sd_bus_wait(bus_.get(), time_left());
  }
  const std::string& result = ended_.at(job);
  if (result == "done") return {};
  return make_error(ErrorCode::kInternal, concat("systemd's job ended as '", result,
                                                 "': see 'journalctl -u ", unit_, "'"));
}

Result<void> Manager::stop(const std::string& unit) {
  unit_ = unit;
  const auto job = call_for_job("StopUnit", time_left());
  if (!job.ok() && job.error().code == ErrorCode::kNotFound) return {};
  KATA_TRY(job, "");
  auto ended = await_job(job.value());
  forget();
  return ended;
}

// A unit that failed stays, and nobody else can have its name.
void Manager::forget() {
  sd_bus_message* made = nullptr;
  if (::sd_bus_message_new_method_call(bus_.get(), &made, kName, kPath, kInterface,
                                       "ResetFailedUnit") < 0)
    return;
  const Message call(made);
  if (::sd_bus_message_append(made, "s", unit_.c_str()) < 0) return;
  static_cast<void>(::sd_bus_call(bus_.get(), made, kForgetTime, nullptr, nullptr));
}

std::string Manager::control_group(const std::string& unit) {
  char *path = nullptr, *group = nullptr;
  if (::sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit.c_str(), &path) < 0) return {};
  const std::unique_ptr<char, decltype(&::free)> own_path(path, &::free);
  static_cast<void>(::sd_bus_get_property_string(
      bus_.get(), kName, path, "org.freedesktop.systemd1.Scope", "ControlGroup", nullptr, &group));
  const std::unique_ptr<char, decltype(&::free)> own_group(group, &::free);
  return group == nullptr ? std::string() : std::string(group);
}

std::uint64_t Manager::time_left() const {
  using std::chrono::microseconds;
  const auto left =
      std::chrono::ceil<microseconds>(deadline_ - std::chrono::steady_clock::now()).count();
  return static_cast<std::uint64_t>(std::max<std::int64_t>(left, 0));
}

Error Manager::unreachable(const char* action, const std::string& why) const {
  return make_error(ErrorCode::kUnavailable,
                    concat(action, " over D-Bus at '", address_, "': ", why, kRemedy));
}

Error Manager::failure_of(const char* action, const sd_bus_error& error) const {
  const std::string name = error.name == nullptr ? "" : error.name;
  const std::string text = error.message == nullptr ? name : error.message;
  const auto known = std::find(std::begin(kAbsences), std::end(kAbsences), name);
  if (known != std::end(kAbsences)) return unreachable(action, text);
  return make_error(ErrorCode::kInternal, concat(action, ": systemd says: ", text));
}

}  // namespace kata::systemd_scope
