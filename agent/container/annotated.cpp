// SPDX-License-Identifier: Apache-2.0
#include "agent/container/annotated.h"

#include <sched.h>
#include <sys/personality.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "agent/container/names.h"
#include "kata/concat.h"
#include "oci.pb.h"
#include "protocol/oci_annotations.h"

namespace kata::agent {
namespace {

namespace names = oci_annotation;

// ioprio_set(2); <linux/ioprio.h> is no C++.
constexpr int kRealTime = 1, kBestEffort = 2, kIdle = 3, kClassShift = 13;

Error invalid(std::string_view field, std::string_view text, std::string_view expected) {
  return make_error(
      ErrorCode::kInvalidArgument,
      concat(field.substr(names::kPrefix.size()), ": expected ", expected, ", found '", text, "'"));
}

const std::string* find(const grpc::Spec& spec, std::string_view name) {
  const auto found = spec.annotations().find(std::string(name));
  return found == spec.annotations().end() ? nullptr : &found->second;
}

// Cuts the first word off.
std::string_view next_word(std::string_view& text) {
  const std::size_t end = text.find(' ');
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return word;
}

Result<std::int64_t> number(std::string_view word, std::int64_t least, std::int64_t most,
                            std::string_view field) {
  std::int64_t value = 0;
  const auto parsed = std::from_chars(word.data(), word.data() + word.size(), value);
  if (parsed.ec != std::errc{} || parsed.ptr != word.data() + word.size() || value < least ||
      value > most)
    return invalid(field, word, concat("a number from ", least, " to ", most));
  return value;
}

Result<int> io_priority(std::string_view text) {
  const std::string_view name = next_word(text);
  const auto level = KATA_TRY(number(text, 0, 7, names::kIoPriority), "");
  int io_class = 0;
  if (name == "IOPRIO_CLASS_RT")
    io_class = kRealTime;
  else if (name == "IOPRIO_CLASS_BE")
    io_class = kBestEffort;
  else if (name == "IOPRIO_CLASS_IDLE")
    io_class = kIdle;
  else
    return invalid(names::kIoPriority, name, "IOPRIO_CLASS_RT, _BE or _IDLE");
  return io_class << kClassShift | static_cast<int>(level);
}

Result<SchedulerPlan> scheduler(std::string_view text) {
  struct Policy {
    std::string_view name;
    int number;
  };
  constexpr Policy kPolicies[] = {{"SCHED_OTHER", SCHED_OTHER},
                                  {"SCHED_BATCH", SCHED_BATCH},
                                  {"SCHED_IDLE", SCHED_IDLE},
                                  {"SCHED_FIFO", SCHED_FIFO},
                                  {"SCHED_RR", SCHED_RR}};
  const std::string_view name = next_word(text);
  SchedulerPlan plan;
  plan.policy = -1;
  for (const Policy& policy : kPolicies)
    if (policy.name == name) plan.policy = policy.number;
  if (plan.policy < 0)
    return invalid(names::kScheduler, name, "SCHED_OTHER, _BATCH, _IDLE, _FIFO or _RR");
  const std::string_view nice = next_word(text);
  plan.nice = static_cast<int>(KATA_TRY(number(nice, -20, 19, names::kScheduler), ""));
  plan.priority = static_cast<unsigned>(KATA_TRY(number(text, 0, 99, names::kScheduler), ""));
  return plan;
}

Result<unsigned long> personality_of(std::string_view domain) {
  if (domain == "LINUX") return static_cast<unsigned long>(PER_LINUX);
  if (domain == "LINUX32") return static_cast<unsigned long>(PER_LINUX32);
  return invalid(names::kPersonality, domain, "LINUX or LINUX32");
}

Result<std::string> offset_line(std::string_view clock, std::string_view text) {
  if (clock != "monotonic" && clock != "boottime")
    return invalid(names::kTimeOffsets, clock, "monotonic or boottime");
  const std::string_view seconds = next_word(text);
  const auto whole = KATA_TRY(number(seconds, INT64_MIN, INT64_MAX, names::kTimeOffsets), "");
  const auto rest = KATA_TRY(number(text, 0, 999'999'999, names::kTimeOffsets), "");
  return concat(clock, ' ', whole, ' ', rest, '\n');
}

// It becomes part of a path: one name, and none of the files that place processes.
Result<void> check_cgroup_file(const std::string& file) {
  if (!file.empty() && file.find('/') == std::string::npos && file.front() != '.' &&
      file != "cgroup.procs" && file != "cgroup.threads" && file != "cgroup.kill")
    return check_text(file, "linux.resources.unified");
  return invalid(names::kUnified, file, "the name of a setting");
}

// One line of rdma.max, whose words the kernel separates by space.
Result<std::string> rdma_limit(const std::string& device, const std::string& limits) {
  const auto is_word = [](std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](unsigned char letter) { return letter > ' '; });
  };
  if (!is_word(device)) return invalid(names::kRdma, device, "the name of a device");
  std::string_view rest = limits;
  while (!rest.empty()) {
    const std::string_view word = next_word(rest);
    const std::size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    if (equals == std::string_view::npos || (name != "hca_handle" && name != "hca_object"))
      return invalid(names::kRdma, word, "hca_handle=N and hca_object=N");
    KATA_TRY(number(word.substr(equals + 1), 0, INT32_MAX, names::kRdma), "");
  }
  return concat(device, ' ', limits, '\n');
}

}  // namespace

Result<void> plan_annotated_process(const grpc::Spec& spec, ProcessPlan& plan) {
  if (const auto* text = find(spec, names::kUmask))
    plan.umask = static_cast<mode_t>(KATA_TRY(number(*text, 0, 0777, names::kUmask), ""));
  if (const auto* text = find(spec, names::kIoPriority))
    plan.io_priority = KATA_TRY(io_priority(*text), "");
  if (const auto* text = find(spec, names::kScheduler))
    plan.scheduler = KATA_TRY(scheduler(*text), "");
  if (const auto* text = find(spec, names::kPersonality))
    plan.personality = KATA_TRY(personality_of(*text), "");
  return {};
}

Result<void> plan_annotated_container(const grpc::Spec& spec, ContainerPlan& plan) {
  if (const auto* name = find(spec, names::kDomainname)) plan.domainname = *name;
  if (plan.domainname.size() > 64)
    return invalid(names::kDomainname, plan.domainname, "at most 64 bytes");
  for (const auto& [name, value] : spec.annotations()) {
    if (name.starts_with(names::kTimeOffsets))
      plan.time_offsets += KATA_TRY(
          offset_line(std::string_view(name).substr(names::kTimeOffsets.size()), value), "");
    if (name.starts_with(names::kRdma))
      plan.rdma.push_back(KATA_TRY(rdma_limit(name.substr(names::kRdma.size()), value), ""));
    if (!name.starts_with(names::kUnified)) continue;
    const std::string file = name.substr(names::kUnified.size());
    KATA_TRY(check_cgroup_file(file), "");
    plan.unified.emplace_back(file, value);
  }
  return {};
}

Result<std::uint32_t> default_errno(const grpc::Spec& spec) {
  const auto* text = find(spec, names::kDefaultErrno);
  if (text == nullptr) return std::uint32_t{EPERM};
  return static_cast<std::uint32_t>(KATA_TRY(number(*text, 0, 4095, names::kDefaultErrno), ""));
}

}  // namespace kata::agent
