// SPDX-License-Identifier: Apache-2.0
//
// What the schema of the runtime specification says beyond the readers: members that no message
// takes, and narrower values of those that one does.
#include <algorithm>
#include <array>

#include "kata/concat.h"
#include "sandbox/oci_spec_parts.h"

namespace kata::sandbox {
namespace {

constexpr std::array<std::string_view, 7> kPolicies = {"SCHED_OTHER",   "SCHED_FIFO", "SCHED_RR",
                                                       "SCHED_BATCH",   "SCHED_ISO",  "SCHED_IDLE",
                                                       "SCHED_DEADLINE"};
constexpr std::array<std::string_view, 7> kSchedulerFlags = {
    "SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_RECLAIM",     "SCHED_FLAG_DL_OVERRUN",
    "SCHED_FLAG_KEEP_POLICY",   "SCHED_FLAG_KEEP_PARAMS", "SCHED_FLAG_UTIL_CLAMP_MIN",
    "SCHED_FLAG_UTIL_CLAMP_MAX"};
constexpr std::array<std::string_view, 3> kIoClasses = {"IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE",
                                                        "IOPRIO_CLASS_IDLE"};
constexpr std::array<std::string_view, 2> kDomains = {"LINUX", "LINUX32"};
constexpr std::array<std::string_view, 4> kFilterFlags = {
    "SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
    "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"};
constexpr std::array<std::string_view, 23> kArchitectures = {
    "SCMP_ARCH_X86",     "SCMP_ARCH_X86_64",      "SCMP_ARCH_X32",    "SCMP_ARCH_ARM",
    "SCMP_ARCH_AARCH64", "SCMP_ARCH_MIPS",        "SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPS64N32",
    "SCMP_ARCH_MIPSEL",  "SCMP_ARCH_MIPSEL64",    "SCMP_ARCH_PPC",    "SCMP_ARCH_MIPSEL64N32",
    "SCMP_ARCH_PPC64",   "SCMP_ARCH_PPC64LE",     "SCMP_ARCH_S390",   "SCMP_ARCH_S390X",
    "SCMP_ARCH_PARISC",  "SCMP_ARCH_PARISC64",    "SCMP_ARCH_M68K",   "SCMP_ARCH_RISCV64",
    "SCMP_ARCH_SH",      "SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_SHEB"};

using Keys = std::initializer_list<const char*>;

void check_texts(const JsonReader& from, Keys keys) {
  for (const char* key : keys) static_cast<void>(from.text(key));
}
void check_flags(const JsonReader& from, Keys keys) {
  for (const char* key : keys) static_cast<void>(from.flag(key));
}
void check_naturals(const JsonReader& from, Keys keys) {
  for (const char* key : keys) static_cast<void>(from.natural(key));
}

template <class Names>
void check_each_of(const JsonReader& from, const char* key, const Names& names) {
  from.each_text(key, [&](const std::string& name) { expect_one_of(from, key, name, names); });
}

void check_absolute(const JsonReader& from, const char* key) {
  from.each_text(key, [&](const std::string& path) {
    if (!path.starts_with('/'))
      from.refuse(key, concat("expected absolute paths, found '", path.substr(0, 60), "'"));
  });
}

void check_weights(const JsonReader& from) {
  for (const char* key : {"weight", "leafWeight"})
    static_cast<void>(from.integer(key, 0, UINT16_MAX));
}

// "2MB", "1GB"
bool is_page_size(std::string_view text) {
  if (text.size() < 3 || text.front() < '1' || text.front() > '9' || text.back() != 'B')
    return false;
  const std::string_view digits = text.substr(0, text.size() - 2);
  return std::string_view("KMG").find(text[text.size() - 2]) != std::string_view::npos &&
         digits.find_first_not_of("0123456789") == std::string_view::npos;
}

void check_seccomp(const JsonReader& from) {
  check_each_of(from, "architectures", kArchitectures);
  check_each_of(from, "flags", kFilterFlags);
  check_texts(from, {"listenerPath", "listenerMetadata"});
}

}  // namespace

void check_process_schema(const JsonReader& process) {
  process.object("ioPriority", [](const JsonReader& io) {
    expect_one_of(io, "class", io.text("class", Need::kRequired), kIoClasses);
  });
  process.object("scheduler", [](const JsonReader& scheduler) {
    expect_one_of(scheduler, "policy", scheduler.text("policy", Need::kRequired), kPolicies);
    check_each_of(scheduler, "flags", kSchedulerFlags);
    check_naturals(scheduler, {"runtime", "deadline", "period"});
    warn_unhonoured(scheduler, {"flags", "runtime", "deadline", "period"});
  });
  process.object("execCPUAffinity", [](const JsonReader& affinity) {
    check_texts(affinity, {"initial", "final"});
  });
}

void check_resources_schema(const JsonReader& resources) {
  resources.object("memory", [](const JsonReader& memory) {
    check_flags(memory, {"useHierarchy", "checkBeforeUpdate"});
  });
  resources.object("cpu", [](const JsonReader& cpu) {
    check_naturals(cpu, {"burst"});
    static_cast<void>(cpu.integer("idle", INT64_MIN, INT64_MAX));
  });
  resources.object("blockIO", [](const JsonReader& block) {
    check_weights(block);
    block.each_object("weightDevice", check_weights);
  });
  resources.each_object("hugepageLimits", [](const JsonReader& item) {
    const std::string size = item.text("pageSize", Need::kRequired);
    if (!is_page_size(size))
      item.refuse("pageSize",
                  concat("expected a size such as 2MB, found '", size.substr(0, 40), "'"));
  });
  resources.object("rdma", [](const JsonReader& rdma) {
    for (const std::string& name : rdma.names())
      rdma.object(name.c_str(), [](const JsonReader& device) {
        for (const char* key : {"hcaHandles", "hcaObjects"})
          static_cast<void>(device.natural32(key));
      });
  });
}

void check_schema(const JsonReader& spec) {
  spec.object("annotations", [&](const JsonReader& annotations) {
    for (const std::string& name : annotations.names())
      if (name.empty()) spec.refuse("annotations", "expected names that are not empty, found ''");
  });
  spec.object("linux", [](const JsonReader& part) {
    check_absolute(part, "maskedPaths");
    check_absolute(part, "readonlyPaths");
    part.object("seccomp", check_seccomp);
    part.object("personality", [](const JsonReader& personality) {
      expect_one_of(personality, "domain", personality.text("domain", Need::kRequired), kDomains);
      personality.each_text("flags", [](const std::string&) {});
    });
    part.object("intelRdt", [](const JsonReader& rdt) {
      check_texts(rdt, {"closID", "l3CacheSchema", "memBwSchema"});
      check_flags(rdt, {"enableCMT", "enableMBM"});
    });
  });
}

}  // namespace kata::sandbox
