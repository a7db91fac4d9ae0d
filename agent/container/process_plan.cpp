// SPDX-License-Identifier: Apache-2.0
#include "agent/container/process_plan.h"

#include <algorithm>

#include "agent/container/names.h"
#include "core/base/log.h"
#include "kata/concat.h"
#include "oci.pb.h"

namespace kata::agent {
namespace {

Error invalid(std::string message) {
  return make_error(ErrorCode::kInvalidArgument, std::move(message));
}

template <class Names>
Result<std::uint64_t> capability_set(const Names& names, std::string_view set) {
  std::uint64_t bits = 0;
  for (const auto& name : names)
    bits |=
        std::uint64_t{1} << KATA_TRY(capability_number(name), concat("process.capabilities.", set));
  return bits;
}

std::string first_name(std::uint64_t bits) { return capability_name(__builtin_ctzll(bits)); }

Result<std::vector<std::string>> texts(const auto& list, std::string_view field) {
  std::vector<std::string> result;
  for (const auto& text : list) {
    KATA_TRY(check_text(text, concat(field, "[", result.size(), "]")), "");
    result.push_back(text);
  }
  return result;
}

Result<void> plan_user(const grpc::User& user, ProcessPlan& plan) {
  constexpr std::uint32_t kNobody = 0xffffffff;  // -1 to the kernel: "leave as it is"
  if (user.uid() == kNobody) return invalid("process.user.uid: 4294967295 is not a user");
  if (user.gid() == kNobody) return invalid("process.user.gid: 4294967295 is not a group");
  plan.uid = user.uid();
  plan.gid = user.gid();
  for (const auto group : user.additionalgids()) {
    if (group == kNobody) return invalid("process.user.additionalGids: 4294967295 is not a group");
    plan.groups.push_back(group);
  }
  return {};
}

Result<void> plan_command(const grpc::Process& process, ProcessPlan& plan) {
  plan.args = KATA_TRY(texts(process.args(), "process.args"), "");
  if (plan.args.empty()) return invalid("process.args: is empty");
  if (plan.args.front().empty()) return invalid("process.args[0]: is empty");
  plan.env = KATA_TRY(texts(process.env(), "process.env"), "");
  for (std::size_t index = 0; index < plan.env.size(); ++index)
    if (const auto at = plan.env[index].find('='); at == 0 || at == std::string::npos)
      return invalid(concat("process.env[", index, "]: is not NAME=value"));
  plan.cwd = process.cwd().empty() ? "/" : process.cwd();
  KATA_TRY(check_text(plan.cwd, "process.cwd"), "");
  if (!plan.cwd.starts_with('/'))
    return invalid(concat("process.cwd: '", plan.cwd, "' is not an absolute path"));
  return {};
}

Result<void> plan_limits(const grpc::Process& process, ProcessPlan& plan) {
  for (const auto& limit : process.rlimits()) {
    Rlimit planned = KATA_TRY(plan_rlimit(limit), "process.rlimits");
    for (const Rlimit& other : plan.rlimits)
      if (other.resource == planned.resource)
        return invalid(concat("process.rlimits: '", planned.name, "' is there twice"));
    plan.rlimits.push_back(std::move(planned));
  }
  if (process.oomscoreadj() < -1000 || process.oomscoreadj() > 1000)
    return invalid(
        concat("process.oomScoreAdj: ", process.oomscoreadj(), " is not in -1000 to 1000"));
  if (process.oomscoreadj() != 0) plan.oom_score_adj = static_cast<int>(process.oomscoreadj());
  return {};
}

void plan_terminal(const grpc::Process& process, ProcessPlan& plan) {
  plan.terminal = process.terminal();
  plan.rows = static_cast<std::uint16_t>(std::min(process.consolesize().height(), 65535U));
  plan.columns = static_cast<std::uint16_t>(std::min(process.consolesize().width(), 65535U));
}

}  // namespace

Result<CapabilitySets> plan_capabilities(const grpc::LinuxCapabilities& capabilities) {
  CapabilitySets sets;
  sets.bounding = KATA_TRY(capability_set(capabilities.bounding(), "bounding"), "");
  sets.effective = KATA_TRY(capability_set(capabilities.effective(), "effective"), "");
  sets.inheritable = KATA_TRY(capability_set(capabilities.inheritable(), "inheritable"), "");
  sets.permitted = KATA_TRY(capability_set(capabilities.permitted(), "permitted"), "");
  sets.ambient = KATA_TRY(capability_set(capabilities.ambient(), "ambient"), "");
  if (const auto extra = sets.effective & ~sets.permitted)
    return invalid(concat("process.capabilities.effective: ", first_name(extra),
                          " is not among the permitted"));
  if (const auto extra = sets.ambient & ~(sets.permitted & sets.inheritable)) {
    log::warn("process.capabilities.ambient: left out what is not permitted and inheritable too",
              {{"first", first_name(extra)}});
    sets.ambient &= ~extra;
  }
  return sets;
}

Result<Rlimit> plan_rlimit(const grpc::POSIXRlimit& limit) {
  Rlimit planned;
  planned.name = limit.type();
  planned.resource = KATA_TRY(rlimit_resource(limit.type()), "");
  planned.value = {limit.soft(), limit.hard()};
  if (limit.soft() > limit.hard())
    return invalid(concat("'", limit.type(), "': soft limit ", limit.soft(),
                          " is above the hard limit ", limit.hard()));
  return planned;
}

Result<ProcessPlan> plan_process(const grpc::Process& process) {
  ProcessPlan plan;
  plan_terminal(process, plan);
  KATA_TRY(plan_user(process.user(), plan), "");
  KATA_TRY(plan_command(process, plan), "");
  KATA_TRY(plan_limits(process, plan), "");
  plan.capabilities = KATA_TRY(plan_capabilities(process.capabilities()), "");
  plan.no_new_privileges = process.nonewprivileges();
  if (!process.selinuxlabel().empty() || !process.apparmorprofile().empty())
    log::warn("process.selinuxLabel and process.apparmorProfile have no effect in this guest");
  return plan;
}

}  // namespace kata::agent
