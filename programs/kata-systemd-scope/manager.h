// SPDX-License-Identifier: Apache-2.0
//
// systemd's manager over D-Bus (org.freedesktop.systemd1(5)), by libsystemd's sd-bus.
//
// Threads: one object, one thread at a time; it blocks until systemd has answered or the deadline.
#pragma once

#include <systemd/sd-bus.h>

#include <map>
#include <memory>
#include <string>

#include "kata/result.h"
#include "programs/kata-systemd-scope/scope_message.h"

namespace kata::systemd_scope {

class Manager {
 public:
  // Over the bus of DBUS_SYSTEM_BUS_ADDRESS or the system's; by systemd's own socket on a host that
  // has no bus.
  static Result<std::unique_ptr<Manager>> connect(Deadline deadline);
  ~Manager();
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  // Returns when the process is there. What failed leaves no unit behind.
  Result<void> start_scope(const ScopeRequest& request);
  // The path of its control group; empty where systemd does not tell.
  std::string control_group(const std::string& unit);
  // Returns when it has no process any more. Gone already is fine.
  Result<void> stop(const std::string& unit);

 private:
  struct CloseBus {
    void operator()(sd_bus* bus) const { ::sd_bus_flush_close_unref(bus); }
  };

  explicit Manager(Deadline deadline) : deadline_(deadline) {}
  Result<void> open(const std::string& address, bool is_bus);
  Result<void> follow_jobs();
  // Both return the job's path; `refusal` is the name of systemd's error.
  Result<std::string> start_job(const ScopeRequest& request, std::string& refusal);
  Result<std::string> call_for_job(const char* method, std::uint64_t time);
  Result<std::string> job_of(sd_bus_message* call, std::uint64_t time, sd_bus_error& error);
  Result<void> await_job(const std::string& job);
  void forget();
  std::uint64_t time_left() const;  // microseconds, as sd-bus counts
  Error unreachable(const char* action, const std::string& why) const;
  Error failure_of(const char* action, const sd_bus_error& error) const;

  static int on_job_removed(sd_bus_message* signal, void* self, sd_bus_error*);

  Deadline deadline_;
  std::string address_{}, unit_{};
  std::unique_ptr<sd_bus, CloseBus> bus_{};
  std::map<std::string, std::string> ended_{};  // results of the unit's jobs
};

}  // namespace kata::systemd_scope
