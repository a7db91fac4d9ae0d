// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <array>

#include "agent/container/device_rules.h"
#include "oci.pb.h"

namespace kata::agent {
namespace {

struct Request {
  std::uint32_t type = BPF_DEVCG_DEV_CHAR, access = BPF_DEVCG_ACC_READ, major = 0, minor = 0;
};

std::uint64_t operand(const bpf_insn& step, const std::array<std::uint64_t, 11>& registers) {
  return BPF_SRC(step.code) == BPF_X ? registers.at(step.src_reg)
                                     : static_cast<std::uint64_t>(std::int64_t{step.imm});
}

// Runs the few instructions the generator uses; anything else, or a jump out of the program, fails.
bool admits(const std::vector<bpf_insn>& program, const Request& request) {
  const std::uint32_t context[] = {request.access << 16 | request.type, request.major,
                                   request.minor};
  std::array<std::uint64_t, 11> registers{};
  for (std::size_t at = 0; at < program.size(); ++at) {
    const bpf_insn& step = program[at];
    std::uint64_t& target = registers.at(step.dst_reg);
    const auto right = static_cast<std::uint32_t>(operand(step, registers));
    const auto left = static_cast<std::uint32_t>(target);
    switch (step.code) {
      case BPF_LDX | BPF_MEM | BPF_W:
        target = context[step.off / 4];
        break;
      case BPF_ALU | BPF_MOV | BPF_X:
      case BPF_ALU64 | BPF_MOV | BPF_K:
        target = right;
        break;
      case BPF_ALU | BPF_RSH | BPF_K:
        target = left >> right;
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        target = left & right;
        break;
      case BPF_JMP32 | BPF_JNE | BPF_K:
        if (left != right) at += static_cast<std::size_t>(step.off);
        break;
      case BPF_JMP32 | BPF_JEQ | BPF_K:
        if (left == right) at += static_cast<std::size_t>(step.off);
        break;
      case BPF_JMP | BPF_EXIT:
        return registers[0] != 0;
      default:
        FAIL("an instruction the generator should not make");
    }
  }
  FAIL("the program has no end");
  return false;
}

std::vector<DeviceRule> planned(const grpc::Linux& spec) {
  auto rules = plan_device_rules(spec);
  REQUIRE(rules.ok());
  return rules.take();
}

grpc::LinuxDeviceCgroup* add_rule(grpc::Linux& spec, bool allow, const char* type, int major,
                                  int minor, const char* access) {
  auto* rule = spec.mutable_resources()->add_devices();
  rule->set_allow(allow);
  rule->set_type(type);
  rule->set_major(major);
  rule->set_minor(minor);
  rule->set_access(access);
  return rule;
}

}  // namespace

TEST_CASE("rules are written as version 1 reads them") {
  CHECK(device_rule_text({true, 'c', 1, 3, true, true, true}) == "c 1:3 rwm");
  CHECK(device_rule_text({false, 'b', 8, {}, false, true, false}) == "b 8:* w");
  CHECK(device_rule_text({false, 'a', {}, {}, true, true, true}) == "a *:* rwm");
}

TEST_CASE("without rules only the default nodes are admitted") {
  const auto program = device_program(planned(grpc::Linux()));
  CHECK(admits(program, {BPF_DEVCG_DEV_CHAR, BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE, 1, 3}));
  CHECK(admits(program, {BPF_DEVCG_DEV_CHAR, BPF_DEVCG_ACC_READ, 136, 12}));
  CHECK(admits(program, {BPF_DEVCG_DEV_BLOCK, BPF_DEVCG_ACC_MKNOD, 8, 0}));
  CHECK(!admits(program, {BPF_DEVCG_DEV_CHAR, BPF_DEVCG_ACC_READ, 1, 1}));
  CHECK(!admits(program, {BPF_DEVCG_DEV_BLOCK, BPF_DEVCG_ACC_READ, 8, 0}));
  CHECK(!admits(program, {BPF_DEVCG_DEV_BLOCK, BPF_DEVCG_ACC_READ, 1, 3}));
  CHECK(!admits(program, {BPF_DEVCG_DEV_CHAR, BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_MKNOD, 1, 1}));
}

TEST_CASE("the last rule that matches decides") {
  grpc::Linux spec;
  add_rule(spec, false, "", 0, 0, "rwm");
  add_rule(spec, true, "b", 8, 1, "r");
  add_rule(spec, true, "c", 10, -1, "rw");
  add_rule(spec, false, "c", 10, 5, "w");
  const auto program = device_program(planned(spec));
  CHECK(admits(program, {BPF_DEVCG_DEV_BLOCK, BPF_DEVCG_ACC_READ, 8, 1}));
  CHECK(!admits(program, {BPF_DEVCG_DEV_BLOCK, BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE, 8, 1}));
  CHECK(!admits(program, {BPF_DEVCG_DEV_BLOCK, BPF_DEVCG_ACC_READ, 8, 2}));
  CHECK(admits(program, {BPF_DEVCG_DEV_CHAR, BPF_DEVCG_ACC_WRITE, 10, 77}));
  CHECK(admits(program, {BPF_DEVCG_DEV_CHAR, BPF_DEVCG_ACC_READ, 10, 5}));
  CHECK(!admits(program, {BPF_DEVCG_DEV_CHAR, BPF_DEVCG_ACC_WRITE, 10, 5}));
}

TEST_CASE("a number of 0 never widens a rule that allows") {
  grpc::Linux spec;
  add_rule(spec, true, "b", 8, 0, "r");
  const auto program = device_program(planned(spec));
  CHECK(admits(program, {BPF_DEVCG_DEV_BLOCK, BPF_DEVCG_ACC_READ, 8, 0}));
  CHECK(!admits(program, {BPF_DEVCG_DEV_BLOCK, BPF_DEVCG_ACC_READ, 8, 1}));
}

TEST_CASE("the nodes of the specification may be used") {
  grpc::Linux spec;
  auto* device = spec.add_devices();
  device->set_type("b");
  device->set_major(253);
  const auto program = device_program(planned(spec));
  CHECK(admits(program, {BPF_DEVCG_DEV_BLOCK, BPF_DEVCG_ACC_WRITE, 253, 0}));
  CHECK(!admits(program, {BPF_DEVCG_DEV_BLOCK, BPF_DEVCG_ACC_WRITE, 253, 1}));
}

TEST_CASE("large numbers are compared without a sign") {
  const auto program = device_program({{true, 'c', 0xfffffff0, 0x80000000, true, true, true}});
  CHECK(admits(program, {BPF_DEVCG_DEV_CHAR, BPF_DEVCG_ACC_READ, 0xfffffff0, 0x80000000}));
  CHECK(!admits(program, {BPF_DEVCG_DEV_CHAR, BPF_DEVCG_ACC_READ, 0xfffffff0, 0x80000001}));
}

TEST_CASE("an empty list of rules admits nothing") {
  CHECK(!admits(device_program({}), {BPF_DEVCG_DEV_CHAR, BPF_DEVCG_ACC_READ, 1, 3}));
}

TEST_CASE("device rules that make no sense are refused by place") {
  const auto refused = [](bool allow, const char* type, std::int64_t major, const char* access) {
    grpc::Linux spec;
    add_rule(spec, allow, type, 0, 0, access)->set_major(major);
    const auto rules = plan_device_rules(spec);
    REQUIRE(!rules.ok());
    CHECK(rules.error().code == ErrorCode::kInvalidArgument);
    CHECK(rules.error().message.find("linux.resources.devices[0]") != std::string::npos);
  };
  refused(false, "x", 1, "r");
  refused(false, "bc", 1, "r");
  refused(false, "b", -2, "r");
  refused(false, "b", std::int64_t{1} << 32, "r");
  refused(true, "b", 1, "x");
  refused(true, "b", 1, "");
}

}  // namespace kata::agent
