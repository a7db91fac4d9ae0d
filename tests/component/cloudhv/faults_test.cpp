// SPDX-License-Identifier: Apache-2.0
//
// The fake's faults, which no real VMM produces on request: each is an error that says what was
// wrong, in time, and leaves nothing behind.
#include <doctest/doctest.h>

#include <vector>

#include "tests/component/cloudhv/workshop.h"

using namespace kata;
using namespace kata::cloudhv;
using namespace kata::cloudhv::test;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

// The error of a start that must fail, after which nothing may be left.
Error failed_start(const std::string& fault, milliseconds time) {
  Workshop workshop(fault);
  auto hypervisor = workshop.created();
  const auto result = hypervisor->start_vm(in(time));
  REQUIRE_FALSE(result.ok());
  CHECK(workshop.files_left() == 0);
  CHECK_FALSE(has_children());
  CHECK(result.error().message.find('\n') == std::string::npos);
  return result.error();
}

struct FaultCase {
  const char* fault;
  ErrorCode code;
  const char* words;
};

}  // namespace

TEST_CASE("a fault at any step of the start is told by its step and leaves nothing") {
  const std::vector<FaultCase> cases = {
      {"refuse", ErrorCode::kUnavailable, "ended with exit code 3 before the VM ran"},
      {"refuse", ErrorCode::kUnavailable, "Error parsing --seccomp"},
      {"v38.2", ErrorCode::kUnsupported, "version v38.2 is older than 39.0"},
      {"nokvm", ErrorCode::kUnsupported, "without the feature 'kvm'"},
      {"odd", ErrorCode::kUnsupported, "version '[31m' is not understood"},
      {"status500@vmm.ping", ErrorCode::kInternal, "vmm.ping: cloud-hypervisor answered 500"},
      {"status500@vm.create", ErrorCode::kInternal,
       "vm.create: cloud-hypervisor answered 500: "
       "\"made to fail\""},
      {"status404@vm.boot", ErrorCode::kNotFound, "vm.boot: cloud-hypervisor answered 404"},
      {"half@vmm.ping", ErrorCode::kUnavailable, "in the middle of a reply"},
      {"half@vm.info", ErrorCode::kUnavailable, "vm.info: cloud-hypervisor: closed its API socket"},
      {"too-long@vm.info", ErrorCode::kUnavailable, "in the middle of a reply"},
      {"too-short@vm.info", ErrorCode::kInternal, "bytes follow its end"},
      {"chunk-garbage@vm.info", ErrorCode::kInternal, "reply is not understood"},
      {"no-http@vm.create", ErrorCode::kInternal, "reply is not understood"},
      {"no-json@vm.info", ErrorCode::kInternal, "it is no JSON object"},
      {"flood@vm.info", ErrorCode::kInternal, "reply is not understood"},
      {"huge@vm.info", ErrorCode::kResourceExhausted, "longer than 4 MiB"},
      {"die@vm.boot", ErrorCode::kUnavailable, "ended with signal 9 (Killed)"},
      {"die@vm.create", ErrorCode::kUnavailable, "dies in the middle"},
      {"crash", ErrorCode::kUnavailable, "ended with signal 6"},
      {"off", ErrorCode::kUnavailable, "ended with exit code 0"}};
  for (const FaultCase& one : cases) {
    CAPTURE(one.fault);
    const Error error = failed_start(one.fault, kEnough);
    CHECK_MESSAGE(error.code == one.code, error.message);
    CHECK_MESSAGE(error.message.find(one.words) != std::string::npos, error.message);
  }
}

TEST_CASE("a VMM that does not answer or answers a byte at a time is a timeout") {
  for (const char* fault : {"no-socket", "silent@vmm.ping", "slow@vmm.ping", "silent@vm.create",
                            "slow@vm.info", "silent@vm.boot"}) {
    CAPTURE(fault);
    const auto begin = steady_clock::now();
    CHECK(failed_start(fault, seconds(1)).code == ErrorCode::kTimeout);
    CHECK(steady_clock::now() - begin < seconds(4));
  }
}

TEST_CASE("a program that is no VMM is named with the key to correct") {
  Workshop workshop;
  auto made = CloudhvHypervisor::create(
      {workshop.host, R"({"path":"/bin/true"})", "test", workshop.state(), ""});
  REQUIRE(made.ok());
  auto hypervisor = made.take();
  CHECK(hypervisor->check_host().ok());
  REQUIRE(hypervisor->create_vm(workshop.spec(), {}).ok());
  CHECK(message_of(hypervisor->start_vm(in(kEnough)))
            .starts_with("cloud-hypervisor '/bin/true' ended with exit code 0 before the VM ran: "
                         "is hypervisor.cloudhv.path a cloud-hypervisor?"));
}

TEST_CASE("replies in chunks and after an interim reply are understood") {
  for (const char* fault : {"interim@vm.info", "chunked@vm.info", "interim@vm.create"}) {
    CAPTURE(fault);
    Workshop workshop(fault);
    auto hypervisor = workshop.started();
    CHECK(message_of(hypervisor->stop_vm(in(kEnough))) == "");
  }
}

TEST_CASE("what the version or the host does not have is warned of") {
  Workshop workshop("v40.0");
  auto hypervisor = workshop.started();
  const std::string& text = workshop.host.text;
  CHECK_MESSAGE((text.find("v40.0 has no landlock before version 41") != std::string::npos ||
                 text.find("the host's kernel has no landlock") != std::string::npos),
                text);
  CHECK(hypervisor->stop_vm(in(kEnough)).ok());
}

TEST_CASE("stop_vm kills a VMM that ignores it at the deadline") {
  Workshop workshop("stubborn");
  auto hypervisor = workshop.started();
  const auto begin = steady_clock::now();
  CHECK(message_of(hypervisor->stop_vm(in(seconds(1)))) == "");
  CHECK(steady_clock::now() - begin >= seconds(1));
  CHECK(steady_clock::now() - begin < seconds(4));
  CHECK(hypervisor->wait_vm().take().status == 137);
  CHECK(workshop.files_left() == 0);
}

TEST_CASE("a resize waits for an earlier one but not for ever") {
  Workshop short_storm("storm3@vm.resize");
  auto patient = short_storm.started();
  CHECK(patient->resize({2, 256}, in(kEnough)).take().vcpus == 2);
  CHECK(short_storm.times_asked("PUT vm.resize") == 4);
  CHECK(patient->stop_vm(in(kEnough)).ok());

  Workshop old("old-storm2@vm.resize");
  auto older = old.started();
  CHECK(older->resize({2, 256}, in(kEnough)).take().vcpus == 2);
  CHECK(old.times_asked("PUT vm.resize") == 3);
  CHECK(older->stop_vm(in(kEnough)).ok());

  Workshop endless("storm100000@vm.resize");
  auto hypervisor = endless.started();
  const auto refused = hypervisor->resize({2, 256}, in(kEnough));
  CHECK(refused.error().code == ErrorCode::kUnavailable);
  CHECK(endless.times_asked("PUT vm.resize") == 20);
  CHECK_FALSE(hypervisor->resize({2, 256}, in(milliseconds(50))).ok());
  CHECK(endless.times_asked("PUT vm.resize") <= 24);
  CHECK(hypervisor->stop_vm(in(kEnough)).ok());
}

TEST_CASE("a call that met its deadline does not spoil the next one") {
  Workshop workshop("silent@vm.resize");
  auto hypervisor = workshop.started();
  CHECK(hypervisor->resize({2, 256}, in(seconds(1))).error().code == ErrorCode::kTimeout);
  CHECK(message_of(hypervisor->pause_vm(in(kEnough))) == "");
  CHECK(hypervisor->stop_vm(in(kEnough)).ok());
}

TEST_CASE("a VMM that dies in the middle of a call ends the call at once") {
  Workshop workshop("die@vm.pause");
  auto hypervisor = workshop.started();
  const auto begin = steady_clock::now();
  CHECK(hypervisor->pause_vm(in(kEnough)).error().code == ErrorCode::kUnavailable);
  CHECK(steady_clock::now() - begin < seconds(2));
  CHECK(hypervisor->wait_vm().take().reason.find("signal 9") != std::string::npos);
  CHECK(hypervisor->stop_vm(in(seconds(1))).ok());
}
