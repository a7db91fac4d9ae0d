// SPDX-License-Identifier: Apache-2.0
//
// The fakes that stand for plugins in other tests keep the promises of their interfaces, as far as
// something without a VM, a link or a mount can.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>

#include "core/plugin_host/no_network.h"
#include "kata/plugin/fingerprint.h"
#include "programs/kata-plugin-check/runner.h"
#include "tests/fakes/fake_hypervisor.h"
#include "tests/fakes/fake_network.h"
#include "tests/fakes/fake_shared_filesystem.h"

namespace kata::check {

namespace {

// Runs what `subject` can be asked; `beyond` are the names of suites or cases that need more than
// a fake has.
template <std::size_t count>
void check_fake(const Subject& subject, const std::array<std::string_view, count>& beyond) {
  int passed = 0;
  for (const Suite& suite : suites_of(subject.interface_id))
    for (const Case& test : suite.cases) {
      const auto is_beyond = [&](std::string_view name) {
        return name == suite.name || name == test.name;
      };
      if (std::any_of(beyond.begin(), beyond.end(), is_beyond)) continue;
      const Report report = run_case(suite, test, subject, std::chrono::seconds(20));
      CHECK_MESSAGE(report.verdict != Report::Verdict::kFailed, as_line(report));
      if (report.verdict == Report::Verdict::kPassed) ++passed;
    }
  CHECK(passed > 4);
}

// A network that opens no namespace attaches to anything, again and again.
constexpr std::array<std::string_view, 2> kWithoutNamespace{
    "attach of an attached network is kAlreadyExists",
    "attach to a namespace that does not exist is an error"};

}  // namespace

TEST_CASE("the fake hypervisor is one before it has a VM") {
  fakes::CallLog log;
  Subject subject;
  subject.interface_id = KATA_INTERFACE_Hypervisor;
  subject.hypervisor = [&log](const plugin_host::InstanceContext&) {
    return Result<std::unique_ptr<Hypervisor>>(
        std::make_unique<fakes::FakeHypervisor>(log, "/agent.sock"));
  };
  check_fake(subject, std::array<std::string_view, 1>{"vm-life"});
}

TEST_CASE("the fake network is one without a link") {
  fakes::CallLog log;
  Subject subject;
  subject.interface_id = KATA_INTERFACE_Network;
  subject.network = [&log](const plugin_host::InstanceContext&) {
    return Result<std::unique_ptr<Network>>(std::make_unique<fakes::FakeNetwork>(log));
  };
  check_fake(subject, kWithoutNamespace);
}

TEST_CASE("network none is one without a link") {
  Subject subject;
  subject.interface_id = KATA_INTERFACE_Network;
  subject.network = [](const plugin_host::InstanceContext&) {
    return Result<std::unique_ptr<Network>>(plugin_host::make_no_network());
  };
  check_fake(subject, kWithoutNamespace);
}

TEST_CASE("the fake shared filesystem is one without a server") {
  fakes::CallLog log;
  Subject subject;
  subject.interface_id = KATA_INTERFACE_SharedFilesystem;
  subject.shared_filesystem = [&log](const plugin_host::InstanceContext&) {
    auto made = std::make_unique<fakes::FakeSharedFilesystem>(log);
    made->wanted.shared_memory = true;
    return Result<std::unique_ptr<SharedFilesystem>>(std::move(made));
  };
  check_fake(subject, std::array<std::string_view, 2>{
                          "start gives a device that is ready and a mount for the guest",
                          "a path that does not exist is an error"});
}

}  // namespace kata::check
