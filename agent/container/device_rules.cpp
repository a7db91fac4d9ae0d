// SPDX-License-Identifier: Apache-2.0
#include "agent/container/device_rules.h"

#include <cstddef>

#include "kata/concat.h"
#include "oci.pb.h"

namespace kata::agent {
namespace {

constexpr std::int64_t kMaxNumber = 0xffffffff;

Error invalid(std::string message) {
  return make_error(ErrorCode::kInvalidArgument, std::move(message));
}

Result<void> take_access(const std::string& access, DeviceRule& rule) {
  for (const char letter : access) {
    if (letter == 'r')
      rule.read = true;
    else if (letter == 'w')
      rule.write = true;
    else if (letter == 'm')
      rule.make = true;
    else
      return invalid(concat("access '", access, "': only r, w and m are known"));
  }
  if (access.empty() && rule.allow) return invalid("access: is empty");
  if (access.empty()) rule.read = rule.write = rule.make = true;
  return {};
}

Result<DeviceRule> plan_rule(const grpc::LinuxDeviceCgroup& source) {
  DeviceRule rule;
  rule.allow = source.allow();
  const std::string& type = source.type();
  if (!type.empty() && type != "a" && type != "b" && type != "c")
    return invalid(concat("unknown device type '", type, "'"));
  if (!type.empty()) rule.type = type.front();
  if (source.major() < -1 || source.major() > kMaxNumber || source.minor() < -1 ||
      source.minor() > kMaxNumber)
    return invalid(concat("device number ", source.major(), ":", source.minor()));
  if (source.major() > 0) rule.major = static_cast<std::uint32_t>(source.major());
  if (source.minor() > 0 || (source.minor() == 0 && rule.allow && rule.major))
    rule.minor = static_cast<std::uint32_t>(source.minor());
  KATA_TRY(take_access(source.access(), rule), "");
  return rule;
}

DeviceRule allowed(char type, std::optional<std::uint32_t> major,
                   std::optional<std::uint32_t> minor) {
  return {true, type, major, minor, true, true, true};
}

// Any node may be made: opening it is what the rules decide.
void add_defaults(std::vector<DeviceRule>& rules) {
  for (const char type : {'c', 'b'}) rules.push_back({true, type, {}, {}, false, false, true});
  for (const std::uint32_t minor : {3U, 5U, 7U, 8U, 9U})  // null zero full random urandom
    rules.push_back(allowed('c', 1, minor));
  for (const std::uint32_t minor : {0U, 1U, 2U})  // tty console ptmx
    rules.push_back(allowed('c', 5, minor));
  rules.push_back(allowed('c', 136, {}));  // pts
}

constexpr bpf_insn instruction(int code, int target, int source, int jump, std::int32_t value) {
  bpf_insn result{};
  result.code = static_cast<__u8>(code);
  result.dst_reg = static_cast<__u8>(target & 0xf);
  result.src_reg = static_cast<__u8>(source & 0xf);
  result.off = static_cast<__s16>(jump);
  result.imm = value;
  return result;
}

// While a rule's block is being built, jumps to its end have this offset.
constexpr int kToEnd = 0x7fff;

// r2 type, r3 access, r4 major, r5 minor; r1 is the kernel's context.
std::vector<bpf_insn> rule_block(const DeviceRule& rule) {
  std::vector<bpf_insn> block;
  const auto unless_equal = [&](int reg, std::uint32_t value) {
    // JMP32: a 64-bit compare would sign-extend the value.
    block.push_back(
        instruction(BPF_JMP32 | BPF_JNE | BPF_K, reg, 0, kToEnd, static_cast<std::int32_t>(value)));
  };
  if (rule.type != 'a')
    unless_equal(BPF_REG_2, rule.type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
  const std::int32_t access = (rule.make ? BPF_DEVCG_ACC_MKNOD : 0) |
                              (rule.read ? BPF_DEVCG_ACC_READ : 0) |
                              (rule.write ? BPF_DEVCG_ACC_WRITE : 0);
  block.push_back(instruction(BPF_ALU | BPF_MOV | BPF_X, BPF_REG_1, BPF_REG_3, 0, 0));
  if (rule.allow) {  // all that is asked for must be granted
    block.push_back(instruction(BPF_ALU | BPF_AND | BPF_K, BPF_REG_1, 0, 0, ~access & 7));
    unless_equal(BPF_REG_1, 0);
  } else {  // one thing denied is enough
    block.push_back(instruction(BPF_ALU | BPF_AND | BPF_K, BPF_REG_1, 0, 0, access));
    block.push_back(instruction(BPF_JMP32 | BPF_JEQ | BPF_K, BPF_REG_1, 0, kToEnd, 0));
  }
  if (rule.major) unless_equal(BPF_REG_4, *rule.major);
  if (rule.minor) unless_equal(BPF_REG_5, *rule.minor);
  block.push_back(instruction(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, rule.allow ? 1 : 0));
  block.push_back(instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
  for (std::size_t at = 0; at < block.size(); ++at)
    if (block[at].off == kToEnd) block[at].off = static_cast<__s16>(block.size() - at - 1);
  return block;
}

}  // namespace

Result<std::vector<DeviceRule>> plan_device_rules(const grpc::Linux& spec) {
  std::vector<DeviceRule> rules;
  for (const auto& source : spec.resources().devices())
    rules.push_back(
        KATA_TRY(plan_rule(source), concat("linux.resources.devices[", rules.size(), "]")));
  for (const auto& node : spec.devices())
    if (node.type() != "p")
      rules.push_back(allowed(node.type() == "b" ? 'b' : 'c',
                              static_cast<std::uint32_t>(node.major()),
                              static_cast<std::uint32_t>(node.minor())));
  add_defaults(rules);
  return rules;
}

std::string device_rule_text(const DeviceRule& rule) {
  const auto number = [](const std::optional<std::uint32_t>& value) {
    return value ? std::to_string(*value) : std::string("*");
  };
  return concat(rule.type, ' ', number(rule.major), ':', number(rule.minor), ' ',
                rule.read ? "r" : "", rule.write ? "w" : "", rule.make ? "m" : "");
}

std::vector<bpf_insn> device_program(const std::vector<DeviceRule>& rules) {
  const auto load = [](int target, std::size_t field) {
    return instruction(BPF_LDX | BPF_MEM | BPF_W, target, BPF_REG_1, static_cast<int>(field), 0);
  };
  std::vector<bpf_insn> program = {
      load(BPF_REG_2, offsetof(bpf_cgroup_dev_ctx, access_type)),
      load(BPF_REG_4, offsetof(bpf_cgroup_dev_ctx, major)),
      load(BPF_REG_5, offsetof(bpf_cgroup_dev_ctx, minor)),
      instruction(BPF_ALU | BPF_MOV | BPF_X, BPF_REG_3, BPF_REG_2, 0, 0),
      instruction(BPF_ALU | BPF_RSH | BPF_K, BPF_REG_3, 0, 0, 16),
      instruction(BPF_ALU | BPF_AND | BPF_K, BPF_REG_2, 0, 0, 0xffff),
  };
  for (auto rule = rules.rbegin(); rule != rules.rend(); ++rule) {
    const auto block = rule_block(*rule);
    program.insert(program.end(), block.begin(), block.end());
  }
  program.push_back(instruction(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0));
  program.push_back(instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
  return program;
}

}  // namespace kata::agent
