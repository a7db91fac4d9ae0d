// SPDX-License-Identifier: Apache-2.0
#include "agent/container/seccomp_filter.h"

#include <seccomp.h>

#include <set>
#include <span>
#include <string>
#include <vector>

#include "kata/concat.h"
#include "oci.pb.h"

namespace kata::agent {
namespace {

struct Word {
  std::string_view name;
  std::uint32_t value;
};

constexpr Word kArchitectures[] = {
    {"SCMP_ARCH_NATIVE", SCMP_ARCH_NATIVE},
    {"SCMP_ARCH_X86", SCMP_ARCH_X86},
    {"SCMP_ARCH_X86_64", SCMP_ARCH_X86_64},
    {"SCMP_ARCH_X32", SCMP_ARCH_X32},
    {"SCMP_ARCH_ARM", SCMP_ARCH_ARM},
    {"SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64},
    {"SCMP_ARCH_MIPS", SCMP_ARCH_MIPS},
    {"SCMP_ARCH_MIPS64", SCMP_ARCH_MIPS64},
    {"SCMP_ARCH_MIPS64N32", SCMP_ARCH_MIPS64N32},
    {"SCMP_ARCH_MIPSEL", SCMP_ARCH_MIPSEL},
    {"SCMP_ARCH_MIPSEL64", SCMP_ARCH_MIPSEL64},
    {"SCMP_ARCH_MIPSEL64N32", SCMP_ARCH_MIPSEL64N32},
    {"SCMP_ARCH_PPC", SCMP_ARCH_PPC},
    {"SCMP_ARCH_PPC64", SCMP_ARCH_PPC64},
    {"SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE},
    {"SCMP_ARCH_S390", SCMP_ARCH_S390},
    {"SCMP_ARCH_S390X", SCMP_ARCH_S390X},
    {"SCMP_ARCH_PARISC", SCMP_ARCH_PARISC},
    {"SCMP_ARCH_PARISC64", SCMP_ARCH_PARISC64},
    {"SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64},
};

constexpr Word kOperators[] = {
    {"SCMP_CMP_NE", SCMP_CMP_NE},
    {"SCMP_CMP_LT", SCMP_CMP_LT},
    {"SCMP_CMP_LE", SCMP_CMP_LE},
    {"SCMP_CMP_EQ", SCMP_CMP_EQ},
    {"SCMP_CMP_GE", SCMP_CMP_GE},
    {"SCMP_CMP_GT", SCMP_CMP_GT},
    {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
};

constexpr Word kFlags[] = {
    {"SECCOMP_FILTER_FLAG_TSYNC", SCMP_FLTATR_CTL_TSYNC},
    {"SECCOMP_FILTER_FLAG_LOG", SCMP_FLTATR_CTL_LOG},
    {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SCMP_FLTATR_CTL_SSB},
};

Result<std::uint32_t> look_up(std::span<const Word> words, const std::string& name,
                              std::string_view what) {
  for (const Word& word : words)
    if (word.name == name) return word.value;
  return make_error(ErrorCode::kInvalidArgument, concat("unknown ", what, " '", name, "'"));
}

Result<std::uint32_t> action(const std::string& name, std::uint32_t errno_value) {
  if (errno_value > 0xffff)
    return make_error(ErrorCode::kInvalidArgument,
                      concat("errnoRet ", errno_value, " is above 65535"));
  if (name == "SCMP_ACT_NOTIFY")
    return make_error(ErrorCode::kUnsupported,
                      "action 'SCMP_ACT_NOTIFY' needs a listener, which the agent has not");
  const Word actions[] = {
      {"SCMP_ACT_KILL", SCMP_ACT_KILL},
      {"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD},
      {"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS},
      {"SCMP_ACT_TRAP", SCMP_ACT_TRAP},
      {"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(errno_value)},
      {"SCMP_ACT_TRACE", SCMP_ACT_TRACE(errno_value)},
      {"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW},
      {"SCMP_ACT_LOG", SCMP_ACT_LOG},
  };
  return look_up(actions, name, "action");
}

Result<std::vector<scmp_arg_cmp>> conditions(const grpc::LinuxSyscall& rule) {
  std::vector<scmp_arg_cmp> result;
  for (const auto& arg : rule.args()) {
    if (arg.index() > 5)
      return make_error(ErrorCode::kInvalidArgument,
                        concat("args: index ", arg.index(), " is above 5"));
    const auto op = KATA_TRY(look_up(kOperators, arg.op(), "operator"), "args");
    scmp_arg_cmp condition{};
    condition.arg = static_cast<unsigned>(arg.index());
    condition.op = static_cast<scmp_compare>(op);
    condition.datum_a = arg.value();
    condition.datum_b = arg.valuetwo();
    result.push_back(condition);
  }
  return result;
}

// libseccomp joins the conditions of a rule by "and" and takes each argument once; profiles that
// name an argument twice mean "or".
std::vector<std::vector<scmp_arg_cmp>> alternatives(const std::vector<scmp_arg_cmp>& all) {
  std::set<unsigned> seen;
  for (const auto& condition : all) seen.insert(condition.arg);
  if (seen.size() == all.size()) return {all};
  std::vector<std::vector<scmp_arg_cmp>> one_each;
  for (const auto& condition : all) one_each.push_back({condition});
  return one_each;
}

Result<void> add_call(scmp_filter_ctx context, const std::string& name, std::uint32_t verdict,
                      const std::vector<scmp_arg_cmp>& all) {
  const int number = seccomp_syscall_resolve_name(name.c_str());
  if (number == __NR_SCMP_ERROR) return {};
  for (const auto& arguments : alternatives(all)) {
    const int failed = seccomp_rule_add_array(
        context, verdict, number, static_cast<unsigned>(arguments.size()), arguments.data());
    if (failed != 0) return errno_error(concat("add system call '", name, "'"), -failed);
  }
  return {};
}

Result<void> add_rule(scmp_filter_ctx context, const grpc::LinuxSyscall& rule,
                      std::uint32_t default_action) {
  const bool has_errno = rule.ErrnoRet_case() == grpc::LinuxSyscall::kErrnoret;
  const auto verdict =
      KATA_TRY(action(rule.action(), has_errno ? rule.errnoret() : std::uint32_t{EPERM}), "");
  if (rule.names().empty()) return make_error(ErrorCode::kInvalidArgument, "names: is empty");
  const auto all = KATA_TRY(conditions(rule), "");
  if (verdict == default_action) return {};  // libseccomp refuses what changes nothing
  for (const auto& name : rule.names()) KATA_TRY(add_call(context, name, verdict, all), "");
  return {};
}

Result<void> add_architectures(scmp_filter_ctx context, const grpc::LinuxSeccomp& profile) {
  for (const auto& name : profile.architectures()) {
    const auto architecture = KATA_TRY(look_up(kArchitectures, name, "architecture"), "");
    const int failed = seccomp_arch_add(context, architecture);
    if (failed != 0 && failed != -EEXIST)
      return errno_error(concat("add architecture '", name, "'"), -failed);
  }
  return {};
}

Result<void> set_attribute(scmp_filter_ctx context, std::uint32_t attribute, std::uint32_t value,
                           std::string_view name) {
  const int failed = seccomp_attr_set(context, static_cast<scmp_filter_attr>(attribute), value);
  if (failed != 0) return errno_error(concat("set '", name, "'"), -failed);
  return {};
}

Result<void> fill(scmp_filter_ctx context, const grpc::LinuxSeccomp& profile,
                  std::uint32_t default_action) {
  KATA_TRY(set_attribute(context, SCMP_FLTATR_CTL_NNP, 0, "no_new_privs"), "");
  KATA_TRY(add_architectures(context, profile), "architectures");
  for (const auto& name : profile.flags()) {
    const auto flag = KATA_TRY(look_up(kFlags, name, "flag"), "flags");
    KATA_TRY(set_attribute(context, flag, 1, name), "flags");
  }
  int index = 0;
  for (const auto& rule : profile.syscalls())
    KATA_TRY(add_rule(context, rule, default_action), concat("syscalls[", index++, "]"));
  return {};
}

}  // namespace

void SeccompFilter::Release::operator()(void* context) const noexcept { seccomp_release(context); }

Result<SeccompFilter> SeccompFilter::build(const grpc::LinuxSeccomp& profile,
                                           std::uint32_t default_errno) {
  const std::string_view field = "linux.seccomp";
  const auto default_action = KATA_TRY(action(profile.defaultaction(), default_errno), field);
  SeccompFilter filter;
  filter.context_.reset(seccomp_init(default_action));
  if (!filter) return make_error(ErrorCode::kInternal, "linux.seccomp: libseccomp gave no filter");
  KATA_TRY(fill(filter.context_.get(), profile, default_action), field);
  return filter;
}

Result<void> SeccompFilter::load() const {
  const int failed = seccomp_load(context_.get());
  if (failed != 0) return errno_error("load the seccomp filter", -failed);
  return {};
}

}  // namespace kata::agent
