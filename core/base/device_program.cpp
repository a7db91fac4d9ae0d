// SPDX-License-Identifier: Apache-2.0
#include "core/base/device_program.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "kata/concat.h"
#include "kata/unique_fd.h"

namespace kata {

namespace {

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

// kUnsupported: a kernel without such programs, or a container, or a program of a parent, that
// forbids them.
Error refused(std::string action, int number) {
  Error error = errno_error(std::move(action), number);
  if (number == EPERM || number == ENOSYS || number == EINVAL) error.code = ErrorCode::kUnsupported;
  return error;
}

Result<UniqueFd> load_program(const std::vector<bpf_insn>& program) {
  static constexpr char kLicense[] = "Apache-2.0";
  bpf_attr request;
  std::memset(&request, 0, sizeof request);
  request.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  request.insn_cnt = static_cast<std::uint32_t>(program.size());
  request.insns = reinterpret_cast<std::uint64_t>(program.data());
  request.license = reinterpret_cast<std::uint64_t>(kLicense);
  UniqueFd fd(static_cast<int>(::syscall(SYS_bpf, BPF_PROG_LOAD, &request, sizeof request)));
  if (!fd) return refused("load the device program", errno);
  return fd;
}

}  // namespace

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

Result<void> attach_device_program(const std::filesystem::path& group,
                                   const std::vector<DeviceRule>& rules) {
  const UniqueFd program = KATA_TRY(load_program(device_program(rules)), "");
  const UniqueFd target(::open(group.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!target) return errno_error(concat("open cgroup '", group, "'"), errno);
  bpf_attr request;
  std::memset(&request, 0, sizeof request);
  request.target_fd = static_cast<std::uint32_t>(target.get());
  request.attach_bpf_fd = static_cast<std::uint32_t>(program.get());
  request.attach_type = BPF_CGROUP_DEVICE;
  if (::syscall(SYS_bpf, BPF_PROG_ATTACH, &request, sizeof request) != 0)
    return refused(concat("attach the device program to cgroup '", group, "'"), errno);
  return {};
}

}  // namespace kata
