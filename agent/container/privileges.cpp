// SPDX-License-Identifier: Apache-2.0
#include "agent/container/privileges.h"

#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>

#include "agent/container/names.h"
#include "agent/container/program.h"
#include "core/base/files.h"
#include "core/base/log.h"
#include "kata/concat.h"

namespace kata::agent {
namespace {

struct RawSets {
  std::uint64_t effective = 0, permitted = 0, inheritable = 0;
};

Result<RawSets> read_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (::syscall(SYS_capget, &header, data) != 0) return errno_error("read capabilities", errno);
  const auto join = [](std::uint32_t low, std::uint32_t high) {
    return std::uint64_t{high} << 32 | low;
  };
  return RawSets{join(data[0].effective, data[1].effective),
                 join(data[0].permitted, data[1].permitted),
                 join(data[0].inheritable, data[1].inheritable)};
}

Result<void> write_capabilities(const RawSets& sets) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  for (int word = 0; word < 2; ++word) {
    const auto part = [word](std::uint64_t bits) {
      return static_cast<std::uint32_t>(bits >> (32 * word));
    };
    data[word] = {part(sets.effective), part(sets.permitted), part(sets.inheritable)};
  }
  if (::syscall(SYS_capset, &header, data) != 0) return errno_error("set capabilities", errno);
  return {};
}

Result<void> drop_bounding(std::uint64_t keep) {
  for (int number = 0; number < 64; ++number) {
    const int present = ::prctl(PR_CAPBSET_READ, number, 0, 0, 0);
    if (present < 0) return {};  // beyond the last one of this kernel
    if (present == 1 && (keep >> number & 1) == 0 && ::prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0)
      return errno_error(concat("drop ", capability_name(number)), errno);
  }
  return {};
}

Result<void> check_available(const CapabilitySets& wanted) {
  const RawSets own = KATA_TRY(read_capabilities(), "");
  const std::uint64_t missing =
      (wanted.permitted | wanted.inheritable | wanted.bounding) & ~own.permitted;
  if (missing == 0) return {};
  return make_error(ErrorCode::kPermission,
                    concat("process.capabilities: ", capability_name(__builtin_ctzll(missing)),
                           " cannot be given: the agent has not got it"));
}

Result<void> set_ambient(std::uint64_t ambient) {
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
    return errno_error("clear ambient capabilities", errno);
  for (int number = 0; number < 64; ++number)
    if ((ambient >> number & 1) != 0 &&
        ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) != 0)
      return errno_error(concat("raise ambient ", capability_name(number)), errno);
  return {};
}

// The permitted set survives the change of user; the effective set does not.
Result<void> change_user(const ProcessPlan& plan) {
  if (::setgroups(plan.groups.size(), plan.groups.data()) != 0)
    return errno_error("set additional groups", errno);
  if (::setresgid(plan.gid, plan.gid, plan.gid) != 0)
    return errno_error(concat("set group ", plan.gid), errno);
  if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return errno_error("keep capabilities", errno);
  if (::setresuid(plan.uid, plan.uid, plan.uid) != 0)
    return errno_error(concat("set user ", plan.uid), errno);
  if (::prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) != 0) return errno_error("reset keepcaps", errno);
  return {};
}

Result<void> regain_effective() {
  RawSets sets = KATA_TRY(read_capabilities(), "");
  sets.effective = sets.permitted;
  return write_capabilities(sets);
}

}  // namespace

Result<void> drop_privileges(const ProcessPlan& plan, const std::string& program) {
  KATA_TRY(check_available(plan.capabilities), "");
  KATA_TRY(drop_bounding(plan.capabilities.bounding), "limit capabilities");
  KATA_TRY(change_user(plan), "");
  KATA_TRY(check_executable(program, plan.args.front()), "");
  KATA_TRY(regain_effective(), "");
  // A change of user or capabilities makes the process readable by its peers again.
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return errno_error("make undumpable", errno);
  if (plan.no_new_privileges && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return errno_error("set no_new_privs", errno);
  if (plan.seccomp && !plan.no_new_privileges) KATA_TRY(plan.seccomp.load(), "");
  const CapabilitySets& wanted = plan.capabilities;
  KATA_TRY(write_capabilities({wanted.effective, wanted.permitted, wanted.inheritable}), "");
  return set_ambient(wanted.ambient);
}

Result<void> load_late_seccomp(const ProcessPlan& plan) {
  if (plan.seccomp && plan.no_new_privileges) return plan.seccomp.load();
  return {};
}

Result<void> set_rlimits(const ProcessPlan& plan, pid_t pid) {
  for (const Rlimit& limit : plan.rlimits)
    if (::prlimit(pid, static_cast<__rlimit_resource>(limit.resource), &limit.value, nullptr) != 0)
      return errno_error(concat("process.rlimits: set '", limit.name, "' to ", limit.value.rlim_cur,
                                " and ", limit.value.rlim_max),
                         errno);
  return {};
}

Result<void> set_scheduling(const ProcessPlan& plan) {
  constexpr int kProcess = 1;  // IOPRIO_WHO_PROCESS
  if (plan.io_priority && ::syscall(SYS_ioprio_set, kProcess, 0, *plan.io_priority) != 0)
    return errno_error("process.ioPriority", errno);
  if (plan.scheduler) {
    sched_param parameters{};
    parameters.sched_priority = static_cast<int>(plan.scheduler->priority);
    if (::sched_setscheduler(0, plan.scheduler->policy, &parameters) != 0)
      return errno_error("process.scheduler", errno);
    if (plan.scheduler->nice != 0 && ::setpriority(PRIO_PROCESS, 0, plan.scheduler->nice) != 0)
      return errno_error("process.scheduler: nice", errno);
  }
  if (plan.personality && ::personality(*plan.personality) < 0)
    return errno_error("linux.personality", errno);
  return {};
}

Result<void> set_oom_score(const ProcessPlan& plan, pid_t pid) {
  if (!plan.oom_score_adj) return {};
  const std::string file = concat("/proc/", pid, "/oom_score_adj");
  const int before = std::atoi(KATA_TRY(read_file(file), "").c_str());
  const int wanted = *plan.oom_score_adj;
  auto written = write_existing(file, std::to_string(wanted));
  const auto number = written.ok() ? 0 : written.error().sys_errno;
  if ((number != EPERM && number != EACCES) || wanted >= before) return written;
  log::warn("process.oomScoreAdj cannot be lowered without CAP_SYS_RESOURCE; it stays",
            {{"wanted", std::to_string(wanted)}, {"stays", std::to_string(before)}});
  return {};
}

}  // namespace kata::agent
