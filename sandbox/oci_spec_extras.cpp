// SPDX-License-Identifier: Apache-2.0
//
// The members of config.json that travel as annotations.
#include <vector>

#include "kata/concat.h"
#include "protocol/oci_annotations.h"
#include "sandbox/oci_spec_parts.h"

namespace kata::sandbox {
namespace {

namespace names = oci_annotation;

constexpr std::int64_t kMaxUmask = 0777, kMaxIoPriority = 7, kMaxErrno = 4095;
constexpr std::int64_t kMaxNanoseconds = 999'999'999;

class Extras {
 public:
  explicit Extras(grpc::Spec& spec) : annotations_(*spec.mutable_annotations()) {}

  void drop_foreign(const JsonReader& from) {
    std::vector<std::string> foreign;
    for (const auto& [name, value] : annotations_)
      if (name.starts_with(names::kPrefix)) foreign.push_back(name);
    for (const std::string& name : foreign) {
      annotations_.erase(name);
      from.findings().warn(from.path_of("annotations"),
                           concat("'", name, "' is the runtime's own; ignored"));
    }
  }

  void read_process(const JsonReader& process) {
    process.object("user", [&](const JsonReader& user) {
      if (user.has("umask")) set(names::kUmask, "", user.integer("umask", 0, kMaxUmask));
    });
    process.object("ioPriority", [&](const JsonReader& io) {
      set(names::kIoPriority, "",
          concat(io.text("class", Need::kRequired), ' ',
                 io.integer("priority", 0, kMaxIoPriority)));
    });
    process.object("scheduler", [&](const JsonReader& scheduler) {
      set(names::kScheduler, "",
          concat(scheduler.text("policy", Need::kRequired), ' ', scheduler.integer("nice", -20, 19),
                 ' ', scheduler.integer("priority", 0, 99)));
    });
  }

  void read_linux(const JsonReader& part) {
    part.object("personality", [&](const JsonReader& personality) {
      set(names::kPersonality, "", personality.text("domain", Need::kRequired));
    });
    part.object("timeOffsets", [&](const JsonReader& offsets) {
      for (const char* clock : {"monotonic", "boottime"})
        offsets.object(clock, [&](const JsonReader& offset) {
          set(names::kTimeOffsets, clock,
              concat(offset.integer("secs", INT64_MIN, INT64_MAX), ' ',
                     offset.integer("nanosecs", 0, kMaxNanoseconds)));
        });
    });
    part.object("resources", [&](const JsonReader& resources) {
      resources.each_member_text("unified", [&](const std::string& file, std::string value) {
        set(names::kUnified, file, value);
      });
      resources.object("rdma", [&](const JsonReader& devices) {
        for (const std::string& device : devices.names())
          devices.object(device.c_str(), [&](const JsonReader& limits) {
            set(names::kRdma, device, rdma_limits(limits));
          });
      });
    });
    part.object("seccomp", [&](const JsonReader& seccomp) {
      if (seccomp.has("defaultErrnoRet"))
        set(names::kDefaultErrno, "", seccomp.integer("defaultErrnoRet", 0, kMaxErrno));
    });
  }

  static std::string rdma_limits(const JsonReader& limits) {
    std::string words;
    for (const auto& [key, word] :
         {std::pair{"hcaHandles", "hca_handle="}, std::pair{"hcaObjects", "hca_object="}})
      if (limits.has(key))
        words += concat(words.empty() ? "" : " ", word, limits.integer(key, 0, INT32_MAX));
    return words;
  }

  template <class Value>
  void set(std::string_view name, std::string_view rest, const Value& value) {
    annotations_[concat(name, rest)] = concat(value);
  }

 private:
  google::protobuf::Map<std::string, std::string>& annotations_;
};

}  // namespace

void read_extras(const JsonReader& from, grpc::Spec& spec) {
  Extras extras(spec);
  extras.drop_foreign(from);
  if (from.has("domainname")) extras.set(names::kDomainname, "", from.text("domainname"));
  from.object("process", [&](const JsonReader& process) { extras.read_process(process); });
  from.object("linux", [&](const JsonReader& part) { extras.read_linux(part); });
}

}  // namespace kata::sandbox
