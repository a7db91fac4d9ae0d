// SPDX-License-Identifier: Apache-2.0
//
// What holds for an instance of every interface: it can be made and thrown away at any time.
#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "programs/kata-plugin-check/suite.h"

namespace kata::check {

namespace {

namespace fs = std::filesystem;

// Calls `use` with an instance of whatever interface it is.
template <class Use>
Outcome with_instance(const Workplace& workplace, const plugin_host::InstanceContext& context,
                      Use use) {
  const Subject& subject = workplace.subject;
  if (subject.hypervisor) return use(*KATA_TRY(subject.hypervisor(context), ""));
  if (subject.network) return use(*KATA_TRY(subject.network(context), ""));
  if (subject.shared_filesystem) return use(*KATA_TRY(subject.shared_filesystem(context), ""));
  return use(*KATA_TRY(subject.memory_dedup(context), ""));
}

std::ptrdiff_t descriptors() {
  std::error_code ignored;
  return std::distance(fs::directory_iterator("/proc/self/fd", ignored), {});
}

Outcome hundred_instances(const Workplace& workplace) {
  const auto nothing = [](auto&) { return Outcome(); };
  KATA_TRY(with_instance(workplace, workplace.context(), nothing), "");
  const auto before = descriptors();
  for (int i = 0; i < 100; ++i)
    KATA_TRY(with_instance(workplace, workplace.context(), nothing), concat("instance ", i));
  return expect(descriptors() == before,
                concat(descriptors() - before, " descriptors are left after 100 instances"));
}

Outcome check_host_works(const Workplace& workplace) {
  return with_instance(workplace, workplace.context(),
                       [](auto& instance) { return instance.check_host(); });
}

Outcome check_host_changes_nothing(const Workplace& workplace) {
  const auto twice = [](auto& instance) -> Outcome {
    KATA_TRY(instance.check_host(), "");
    return instance.check_host();
  };
  KATA_TRY(with_instance(workplace, workplace.context(), twice), "");
  std::error_code ignored;
  return expect(fs::is_empty(workplace.state_dir(), ignored),
                "check_host left something in the state directory");
}

// It may be made by another version: an error is right, an instance too.
Outcome strange_state(const Workplace& workplace) {
  for (const char* text : {"?", "{", "{}", "[]", "null", "\xff\xfe", "{\"pid\":-1}"}) {
    auto made = with_instance(workplace, workplace.context(text), [](auto&) { return Outcome(); });
    if (!made.ok())
      KATA_TRY(expect(made.error().message.find(" threw ") == std::string::npos,
                      concat("saved state ", text, ": ", made.error().message)),
               "");
  }
  return {};
}

// Of an id with a version that no plugin can know.
Outcome unknown_extension(const Workplace& workplace) {
  return with_instance(workplace, workplace.context(), [](auto& instance) {
    return expect(instance.extension("acme.nothing/999") == nullptr,
                  "extension(\"acme.nothing/999\") is not null");
  });
}

constexpr Case kCases[] = {
    {"check_host says that this host will do", check_host_works},
    {"check_host changes nothing", check_host_changes_nothing},
    {"a hundred instances leave no descriptor", hundred_instances},
    {"a saved state that is not the plugin's is an error or nothing", strange_state},
    {"an extension that nobody has is null", unknown_extension},
};

}  // namespace

Suite instance_suite() { return {"instance", kCases}; }

}  // namespace kata::check
