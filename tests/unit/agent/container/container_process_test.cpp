// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <functional>
#include <limits>

#include "agent/container/process_plan.h"
#include "agent/container/seccomp_filter.h"
#include "oci.pb.h"

namespace kata::agent {
namespace {

grpc::Process good() {
  grpc::Process process;
  process.add_args("true");
  process.set_cwd("/");
  return process;
}

// The message of the refusal that a change to a good process leads to.
std::string refusal(const std::function<void(grpc::Process&)>& change) {
  grpc::Process process = good();
  change(process);
  const auto plan = plan_process(process);
  REQUIRE(!plan.ok());
  CHECK(plan.error().code == ErrorCode::kInvalidArgument);
  return plan.error().message;
}

bool names(const std::string& message, const char* field) {
  return message.find(field) != std::string::npos;
}

grpc::LinuxSeccomp profile(const char* action = "SCMP_ACT_ALLOW") {
  grpc::LinuxSeccomp made;
  made.set_defaultaction(action);
  return made;
}

grpc::LinuxSyscall* add_rule(grpc::LinuxSeccomp& profile, const char* call, const char* action) {
  auto* rule = profile.add_syscalls();
  rule->add_names(call);
  rule->set_action(action);
  return rule;
}

}  // namespace

TEST_CASE("a process is taken as it is given") {
  grpc::Process process = good();
  process.add_env("A=b=c");
  process.set_oomscoreadj(-5);
  process.mutable_user()->set_uid(7);
  auto* limit = process.add_rlimits();
  limit->set_type("RLIMIT_NOFILE");
  limit->set_soft(1);
  limit->set_hard(std::numeric_limits<std::uint64_t>::max());
  const auto plan = plan_process(process);
  REQUIRE(plan.ok());
  auto result = plan_process(process).take();
  CHECK(result.uid == 7);
  CHECK(result.oom_score_adj == -5);
  CHECK(result.rlimits.at(0).value.rlim_max == RLIM_INFINITY);
  CHECK(result.env == std::vector<std::string>{"A=b=c"});
}

TEST_CASE("each bad field of a process is named") {
  CHECK(names(refusal([](auto& p) { p.clear_args(); }), "process.args"));
  CHECK(names(refusal([](auto& p) { p.set_args(0, ""); }), "process.args[0]"));
  CHECK(names(refusal([](auto& p) { p.set_args(0, std::string("a\0b", 3)); }), "process.args[0]"));
  CHECK(names(refusal([](auto& p) { p.add_env("novalue"); }), "process.env[0]"));
  CHECK(names(refusal([](auto& p) { p.add_env("=x"); }), "process.env[0]"));
  CHECK(names(refusal([](auto& p) { p.set_cwd("relative"); }), "process.cwd"));
  CHECK(names(refusal([](auto& p) { p.mutable_user()->set_uid(~0U); }), "process.user.uid"));
  CHECK(names(refusal([](auto& p) { p.mutable_user()->set_gid(~0U); }), "process.user.gid"));
  CHECK(
      names(refusal([](auto& p) { p.mutable_user()->add_additionalgids(~0U); }), "additionalGids"));
  CHECK(names(refusal([](auto& p) { p.set_oomscoreadj(1001); }), "oomScoreAdj"));
  CHECK(names(refusal([](auto& p) { p.add_rlimits()->set_type("RLIMIT_FOO"); }), "RLIMIT_FOO"));
  CHECK(names(refusal([](auto& p) { p.mutable_capabilities()->add_ambient("CAP_FOO"); }),
              "process.capabilities.ambient"));
}

TEST_CASE("limits that contradict themselves are refused") {
  CHECK(names(refusal([](auto& p) {
                auto* limit = p.add_rlimits();
                limit->set_type("RLIMIT_CORE");
                limit->set_soft(2);
                limit->set_hard(1);
              }),
              "soft limit 2"));
  CHECK(names(refusal([](auto& p) {
                p.add_rlimits()->set_type("RLIMIT_CORE");
                p.add_rlimits()->set_type("RLIMIT_CORE");
              }),
              "twice"));
}

TEST_CASE("capability sets keep the kernel's invariants") {
  grpc::LinuxCapabilities sets;
  sets.add_effective("CAP_KILL");
  CHECK(!plan_capabilities(sets).ok());
  sets.add_permitted("CAP_KILL");
  sets.add_ambient("CAP_KILL");
  auto planned = plan_capabilities(sets);
  REQUIRE(planned.ok());
  CHECK(planned.value().effective == 1U << 5);
  CHECK(planned.value().ambient == 0);
  sets.add_inheritable("CAP_KILL");
  CHECK(plan_capabilities(sets).value().ambient == 1U << 5);
}

TEST_CASE("every seccomp action and operator and architecture of the specification builds") {
  for (const char* action : {"SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_KILL_PROCESS",
                             "SCMP_ACT_TRAP", "SCMP_ACT_ERRNO", "SCMP_ACT_TRACE", "SCMP_ACT_LOG"}) {
    auto made = profile();
    add_rule(made, "getcwd", action);
    const auto built = SeccompFilter::build(made);
    CHECK_MESSAGE(built.ok(), action);
  }
  auto made = profile("SCMP_ACT_ERRNO");
  for (const char* name : {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"})
    made.add_architectures(name);
  made.add_flags("SECCOMP_FILTER_FLAG_LOG");
  for (const char* op : {"SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE",
                         "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ"}) {
    auto* arg = add_rule(made, "personality", "SCMP_ACT_ALLOW")->add_args();
    arg->set_op(op);
    arg->set_value(8);
  }
  const auto built = SeccompFilter::build(made);
  CHECK(built.ok());
}

TEST_CASE("an argument named twice means either and unknown calls are skipped") {
  auto made = profile("SCMP_ACT_ERRNO");
  auto* rule = add_rule(made, "socket", "SCMP_ACT_ALLOW");
  rule->add_names("call_of_a_later_kernel");
  for (const std::uint64_t family : {1U, 2U}) {
    auto* arg = rule->add_args();
    arg->set_op("SCMP_CMP_EQ");
    arg->set_value(family);
  }
  const auto built = SeccompFilter::build(made);
  CHECK(built.ok());
}

TEST_CASE("each bad field of a seccomp profile is named") {
  const auto refused = [](const grpc::LinuxSeccomp& made, const char* field) {
    const auto built = SeccompFilter::build(made);
    REQUIRE(!built.ok());
    CHECK(built.error().message.find(field) != std::string::npos);
  };
  refused(profile("SCMP_ACT_MAYBE"), "SCMP_ACT_MAYBE");
  auto made = profile();
  made.add_architectures("SCMP_ARCH_VAX");
  refused(made, "SCMP_ARCH_VAX");
  made = profile();
  made.add_flags("SECCOMP_FILTER_FLAG_X");
  refused(made, "SECCOMP_FILTER_FLAG_X");
  made = profile();
  add_rule(made, "getcwd", "SCMP_ACT_NOTIFY");
  refused(made, "syscalls[0]");
  made = profile();
  add_rule(made, "getcwd", "SCMP_ACT_ERRNO")->set_errnoret(70000);
  refused(made, "errnoRet 70000");
  made = profile();
  add_rule(made, "getcwd", "SCMP_ACT_TRAP")->add_args()->set_op("SCMP_CMP_SO");
  refused(made, "SCMP_CMP_SO");
  made = profile();
  auto* arg = add_rule(made, "getcwd", "SCMP_ACT_TRAP")->add_args();
  arg->set_op("SCMP_CMP_EQ");
  arg->set_index(6);
  refused(made, "index 6");
  made = profile();
  made.add_syscalls()->set_action("SCMP_ACT_TRAP");
  refused(made, "names");
}

}  // namespace kata::agent
