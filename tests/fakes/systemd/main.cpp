// SPDX-License-Identifier: Apache-2.0
//
// fake-systemd FILE [FAULT]: systemd's manager on the bus of DBUS_SYSTEM_BUS_ADDRESS, as far as it
// makes scopes. It does what it is asked to the control groups of this host, and appends each call
// to FILE. FAULT is what it does wrong about a start: refuse, late, silent (no answer), unfinished
// (no end of the job), failed (a job that fails), gone (it ends). Others are no fault of its own:
// nested, its groups are below /kata-test-outer; leftover, x-1.scope is there and has failed.
#include <systemd/sd-bus.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <vector>

#include "tests/fakes/systemd/groups.h"
#include "tests/fakes/systemd/properties.h"

namespace {

using namespace kata::fakes;
using Clock = std::chrono::steady_clock;

constexpr const char* kManagerPath = "/org/freedesktop/systemd1";
constexpr const char* kManager = "org.freedesktop.systemd1.Manager";
constexpr const char* kScopeInterface = "org.freedesktop.systemd1.Scope";
constexpr std::chrono::milliseconds kLate{400};

struct Unit {
  std::string group{};
  bool failed = false;
};

struct EndOfJob {
  Clock::time_point due{};
  std::uint32_t id = 0;
  std::string unit{}, result{};
};

class Manager {
 public:
  Manager(sd_bus* bus, const char* log, std::string fault)
      : bus_(bus), log_(log, std::ios::app), fault_(std::move(fault)) {
    if (fault_ == "leftover") units_["x-1.scope"] = {"/x-1.scope", true};
  }

  void note(const std::string& line) { log_ << line << std::endl; }

  int handle(sd_bus_message* call, sd_bus_error* error) {
    if (::sd_bus_message_is_method_call(call, kManager, "Subscribe") > 0) {
      subscribed_ = true;
      return ::sd_bus_reply_method_return(call, "");
    }
    if (::sd_bus_message_is_method_call(call, kManager, "StartTransientUnit") > 0)
      return start(call, error);
    if (::sd_bus_message_is_method_call(call, kManager, "StopUnit") > 0) return stop(call, error);
    if (::sd_bus_message_is_method_call(call, kManager, "ResetFailedUnit") > 0)
      return reset(call, error);
    return 0;
  }

  int handle_unit(sd_bus_message* call, sd_bus_error* error) {
    if (::sd_bus_message_is_method_call(call, "org.freedesktop.DBus.Properties", "Get") <= 0)
      return 0;
    const char *interface = nullptr, *name = nullptr;
    const int got = ::sd_bus_message_read(call, "ss", &interface, &name);
    if (got < 0) return got;
    char* encoded = nullptr;
    ::sd_bus_path_decode(::sd_bus_message_get_path(call), "/org/freedesktop/systemd1/unit",
                         &encoded);
    const std::string unit = encoded == nullptr ? "" : encoded;
    std::free(encoded);
    const bool known = std::strcmp(interface, kScopeInterface) == 0 &&
                       std::strcmp(name, "ControlGroup") == 0 && units_.contains(unit);
    if (!known) return ::sd_bus_error_setf(error, SD_BUS_ERROR_UNKNOWN_PROPERTY, "no %s", name);
    return ::sd_bus_reply_method_return(call, "v", "s", units_[unit].group.c_str());
  }

  void loop() {
    for (;;) {
      while (::sd_bus_process(bus_, nullptr) > 0) {
      }
      tell_ended_jobs();
      if (::sd_bus_wait(bus_, jobs_.empty() ? UINT64_MAX : 20'000) < 0) return;
    }
  }

 private:
  int start(sd_bus_message* call, sd_bus_error* error) {
    const char *name = nullptr, *mode = nullptr;
    ScopeProperties asked;
    int got = ::sd_bus_message_read(call, "ss", &name, &mode);
    if (got < 0) return got;
    const std::string unit = name;
    if ((got = read_scope_properties(call, asked, error)) < 0) return got;
    if ((got = ::sd_bus_message_skip(call, "a(sa(sv))")) < 0) return got;
    note_start(unit, asked);
    if (fault_ == "refuse")
      return ::sd_bus_error_setf(error, SD_BUS_ERROR_ACCESS_DENIED, "Access denied");
    if (fault_ == "gone") std::exit(0);
    if (fault_ == "silent") return 1;
    if (!unit.ends_with(".scope"))
      return ::sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS, "Unit name %s is not valid.",
                                 name);
    if (units_.contains(unit))
      return ::sd_bus_error_setf(error, "org.freedesktop.systemd1.UnitExists",
                                 "Unit %s was already loaded or has a fragment file.", name);
    if (asked.pids.empty())
      return ::sd_bus_error_setf(error, "org.freedesktop.systemd1.BadUnitSetting",
                                 "Scope has no PIDs. Refusing.");
    return begin(call, unit, asked, error);
  }

  int begin(sd_bus_message* call, const std::string& unit, const ScopeProperties& asked,
            sd_bus_error* error) {
    Unit made{path_of(asked.values.at("Slice")) + '/' + unit, fault_ == "failed"};
    if (!made.failed) {
      const auto done = make_scope_group(made.group, asked.pids);
      if (!done.ok())
        return ::sd_bus_error_setf(error, SD_BUS_ERROR_FAILED, "%s", done.error().message.c_str());
    }
    units_[unit] = made;
    if (fault_ == "unfinished") return answer(call, ++last_job_);
    return end_job(call, unit, made.failed ? "failed" : "done");
  }

  int stop(sd_bus_message* call, sd_bus_error* error) {
    const char *name = nullptr, *mode = nullptr;
    const int got = ::sd_bus_message_read(call, "ss", &name, &mode);
    if (got < 0) return got;
    const std::string unit = name;
    note("stop " + unit);
    const auto found = units_.find(unit);
    if (found == units_.end())
      return ::sd_bus_error_setf(error, "org.freedesktop.systemd1.NoSuchUnit",
                                 "Unit %s not loaded.", name);
    const auto ended = end_scope_group(found->second.group);
    if (!ended.ok()) note("error " + ended.error().message);
    if (!found->second.failed) units_.erase(found);
    return end_job(call, unit, "done");
  }

  int reset(sd_bus_message* call, sd_bus_error* error) {
    const char* name = nullptr;
    const int got = ::sd_bus_message_read(call, "s", &name);
    if (got < 0) return got;
    const std::string unit = name;
    note("reset " + unit);
    const auto found = units_.find(unit);
    if (found == units_.end())
      return ::sd_bus_error_setf(error, "org.freedesktop.systemd1.NoSuchUnit",
                                 "Unit %s not loaded.", name);
    if (found->second.failed) units_.erase(found);
    return ::sd_bus_reply_method_return(call, "");
  }

  void note_start(const std::string& unit, const ScopeProperties& asked) {
    std::string line = "start " + unit;
    for (const auto& [property, value] : asked.values) line += " " + property + "=" + value;
    note(line);
  }

  // a-b.slice is below a.slice.
  std::string path_of(const std::string& slice) const {
    std::string path = fault_ == "nested" ? "/kata-test-outer" : "";
    for (std::size_t dash = slice.find('-'); dash != std::string::npos;
         dash = slice.find('-', dash + 1))
      path += '/' + slice.substr(0, dash) + ".slice";
    return path + '/' + slice;
  }

  int answer(sd_bus_message* call, std::uint32_t job) {
    return ::sd_bus_reply_method_return(
        call, "o", ("/org/freedesktop/systemd1/job/" + std::to_string(job)).c_str());
  }

  int end_job(sd_bus_message* call, const std::string& unit, const char* result) {
    const auto due = Clock::now() + (fault_ == "late" ? kLate : kLate * 0);
    jobs_.push_back({due, ++last_job_, unit, result});
    return answer(call, last_job_);
  }

  // Like systemd, nothing to a bus on which nobody has subscribed.
  void tell_ended_jobs() {
    for (const EndOfJob& job : jobs_)
      if (job.due <= Clock::now() && subscribed_)
        ::sd_bus_emit_signal(bus_, kManagerPath, kManager, "JobRemoved", "uoss", job.id,
                             ("/org/freedesktop/systemd1/job/" + std::to_string(job.id)).c_str(),
                             job.unit.c_str(), job.result.c_str());
    std::erase_if(jobs_, [](const EndOfJob& job) { return job.due <= Clock::now(); });
  }

  sd_bus* bus_;
  std::ofstream log_;
  std::string fault_;
  std::map<std::string, Unit> units_{};
  std::vector<EndOfJob> jobs_{};
  std::uint32_t last_job_ = 0;
  bool subscribed_ = false;
};

int on_manager_call(sd_bus_message* call, void* manager, sd_bus_error* error) {
  return static_cast<Manager*>(manager)->handle(call, error);
}

int on_unit_call(sd_bus_message* call, void* manager, sd_bus_error* error) {
  return static_cast<Manager*>(manager)->handle_unit(call, error);
}

}  // namespace

int main(int argc, char** argv) {
  sd_bus* bus = nullptr;
  if (argc < 2 || ::sd_bus_open_system(&bus) < 0) return 1;
  Manager manager(bus, argv[1], argc > 2 ? argv[2] : "");
  if (::sd_bus_add_object(bus, nullptr, kManagerPath, on_manager_call, &manager) < 0) return 1;
  if (::sd_bus_add_fallback(bus, nullptr, "/org/freedesktop/systemd1/unit", on_unit_call,
                            &manager) < 0)
    return 1;
  if (::sd_bus_request_name(bus, "org.freedesktop.systemd1", 0) < 0) return 1;
  manager.note("ready");
  manager.loop();
  return 0;
}
