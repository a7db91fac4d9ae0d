// SPDX-License-Identifier: Apache-2.0
//
// kata-plugin-check finds faults: hypervisors with one fault each, under the cases that must see
// it. The subject is an object made here, as a test's fakes are.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

#include "kata/child_process.h"
#include "kata/plugin/fingerprint.h"
#include "programs/kata-plugin-check/runner.h"

namespace kata::check {

namespace {

enum class Fault {
  kNone,
  kCrashes,
  kHangs,
  kLeavesProcess,
  kLeavesDescriptor,
  kThrows,
  kEarlyAddress,
  kForgetsStop,
  kStopFails,
  kExits
};

// Runs sleep(1) as its VMM.
class SleepingHypervisor final : public Hypervisor {
 public:
  explicit SleepingHypervisor(Fault fault) : fault_(fault) {}

  HypervisorCapabilities capabilities() const override { return {}; }
  Result<void> check_host() override {
    if (fault_ == Fault::kCrashes) ::raise(SIGSEGV);
    if (fault_ == Fault::kExits) ::_exit(0);
    if (fault_ == Fault::kThrows) throw std::runtime_error("no luck");
    while (fault_ == Fault::kHangs) ::pause();
    return {};
  }
  Result<void> create_vm(VmSpec spec, std::vector<Device>) override {
    if (spec.boot.vcpus == 0 || !spec.image.empty() || spec.shared_memory)
      return make_error(ErrorCode::kInvalidArgument, "a bad spec");
    created_ = true;
    return {};
  }
  Result<void> start_vm(Deadline) override {
    if (!created_) return make_error(ErrorCode::kFailedPrecondition, "not created");
    vmm_ = KATA_TRY(ChildProcess::spawn({.argv = {"/bin/sleep", "1000"}}), "");
    if (fault_ == Fault::kLeavesProcess)
      other_ = KATA_TRY(ChildProcess::spawn({.argv = {"/bin/sleep", "1000"}}), "");
    if (fault_ == Fault::kLeavesDescriptor) (void)::open("/dev/null", O_RDONLY | O_CLOEXEC);
    return {};
  }
  Result<void> stop_vm(Deadline) override {
    if (fault_ == Fault::kForgetsStop || !vmm_) return {};
    if (fault_ == Fault::kStopFails) return make_error(ErrorCode::kInternal, "no way to stop it");
    KATA_TRY(vmm_.terminate(SIGKILL, passed()), "");
    return {};
  }
  Result<VmExit> wait_vm() override { return VmExit{}; }
  Result<AttachedDevice> attach(Device, Deadline) override { return unsupported(); }
  Result<void> detach(std::string_view, Deadline) override {
    return make_error(ErrorCode::kNotFound, "no device");
  }
  Result<AgentAddress> agent_address() const override {
    if (created_ || fault_ == Fault::kEarlyAddress) return AgentAddress(SerialAddress{"/a"});
    return make_error(ErrorCode::kFailedPrecondition, "not created");
  }
  Result<VmProcesses> processes() const override { return VmProcesses{vmm_.pid(), {}}; }
  Result<std::string> console_tail(std::uint32_t) const override { return std::string(); }
  Result<std::string> save_state() const override { return std::string(); }

 private:
  static Error unsupported() { return make_error(ErrorCode::kUnsupported, "cannot"); }

  Fault fault_;
  bool created_ = false;
  ChildProcess vmm_{}, other_{};
};

Subject subject_with(Fault fault) {
  Subject subject;
  subject.interface_id = KATA_INTERFACE_Hypervisor;
  subject.hypervisor = [fault](const plugin_host::InstanceContext&) {
    return Result<std::unique_ptr<Hypervisor>>(std::make_unique<SleepingHypervisor>(fault));
  };
  return subject;
}

Report report_of(Fault fault, std::string_view name, int limit_s = 20) {
  for (const Suite& suite : suites_of(KATA_INTERFACE_Hypervisor))
    for (const Case& test : suite.cases)
      if (test.name == name)
        return run_case(suite, test, subject_with(fault), std::chrono::seconds(limit_s));
  FAIL("no case is called '" << name << "'");
  return {};
}

constexpr const char* kHost = "check_host says that this host will do";
constexpr const char* kLife = "a VM starts and names its process and its agent and stops";

}  // namespace

TEST_CASE("each fault of a plugin fails the case that looks for it with a reason") {
  struct Row {
    Fault fault;
    const char* name;
    const char* reason;
  };
  const Row rows[] = {
      {Fault::kCrashes, kHost, "the plugin crashed: signal 11"},
      {Fault::kExits, kHost, "the plugin ended the process with exit code 0"},
      {Fault::kThrows, kHost, "an exception came out: no luck"},
      {Fault::kLeavesProcess, kLife, "1 child processes are left"},
      {Fault::kLeavesDescriptor, kLife, "1 descriptors are left"},
      {Fault::kForgetsStop, kLife, "runs after stop_vm"},
      {Fault::kStopFails, kLife, "stop_vm: no way to stop it"},
      {Fault::kEarlyAddress, "agent_address before create_vm is kFailedPrecondition",
       "agent_address before create_vm succeeded: expected kFailedPrecondition"},
      {Fault::kNone, "wait_vm tells of a VMM that was killed", "wait_vm says status 0"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.reason);
    const Report report = report_of(row.fault, row.name);
    CHECK(report.verdict == Report::Verdict::kFailed);
    CHECK_MESSAGE(report.reason.find(row.reason) != std::string::npos, report.reason);
  }
}

TEST_CASE("a plugin without the fault passes the same cases") {
  for (const char* name : {kHost, kLife, "agent_address before create_vm is kFailedPrecondition"}) {
    const Report report = report_of(Fault::kNone, name);
    CHECK_MESSAGE(report.verdict == Report::Verdict::kPassed, report.reason);
  }
}

TEST_CASE("a plugin that hangs is ended at the limit") {
  const Report report = report_of(Fault::kHangs, kHost, 1);
  CHECK(report.reason == "it had not ended when its time was up");
}

TEST_CASE("what the plugin does not offer is reported as skipped") {
  const Report report = report_of(Fault::kNone, "a paused VM can be stopped");
  CHECK(report.verdict == Report::Verdict::kSkipped);
  CHECK(report.reason == "the plugin does not offer kata.hypervisor.pause/1");
}

TEST_CASE("no case leaves a process of a plugin behind") {
  report_of(Fault::kForgetsStop, kLife);
  siginfo_t info{};
  CHECK(::waitid(P_ALL, 0, &info, WEXITED | WNOHANG) != 0);
}

TEST_CASE("each interface has cases and no two of a suite have one name") {
  for (const char* id : {KATA_INTERFACE_Hypervisor, KATA_INTERFACE_Network,
                         KATA_INTERFACE_SharedFilesystem, KATA_INTERFACE_MemoryDedup}) {
    const auto suites = suites_of(id);
    CHECK(suites.size() >= 2);
    for (const Suite& suite : suites) {
      std::vector<std::string> names;
      for (const Case& test : suite.cases) names.emplace_back(test.name);
      std::sort(names.begin(), names.end());
      CHECK_FALSE(names.empty());
      CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
    }
  }
  CHECK(suites_of("kata.nothing/1").empty());
}

TEST_CASE("the results are written as JUnit's XML") {
  const std::string xml = as_junit(
      "a<b", {{"s", "one", Report::Verdict::kPassed, "", std::chrono::milliseconds(1020)},
              {"s", "two", Report::Verdict::kFailed, "\"x\" & y", std::chrono::milliseconds(3)},
              {"s", "three", Report::Verdict::kSkipped, "no pause", {}}});
  CHECK(xml ==
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuite name=\"a&lt;b\" tests=\"3\" failures=\"1\" skipped=\"1\">\n"
        "  <testcase classname=\"s\" name=\"one\" time=\"1.020\"/>\n"
        "  <testcase classname=\"s\" name=\"two\" time=\"0.003\"><failure message=\"&quot;x&quot; "
        "&amp; y\"/></testcase>\n"
        "  <testcase classname=\"s\" name=\"three\" time=\"0.000\"><skipped message=\"no "
        "pause\"/></testcase>\n"
        "</testsuite>\n");
}

}  // namespace kata::check
