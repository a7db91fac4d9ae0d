// SPDX-License-Identifier: Apache-2.0
//
// What a conformance suite is: a table of cases, each a sentence and a function. A case returns
// nothing when the sentence holds, and otherwise why it does not.
//
// A case runs in a process of its own with an empty directory, so it may leave a crash behind. What
// it must not leave is a child process, a descriptor or a mount: the runner looks.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/config.h"
#include "core/plugin_host/plugin_host.h"
#include "kata/concat.h"
#include "kata/result.h"

namespace kata::check {

// What is checked: the plugin of a library, or an object that a test makes. Only the maker of its
// own interface is there.
struct Subject {
  template <class Interface>
  using Maker =
      std::function<Result<std::unique_ptr<Interface>>(const plugin_host::InstanceContext&)>;

  std::string interface_id{};
  config::VmConfig vm{};                             // what a VM is made of
  std::vector<std::filesystem::path> directories{};  // that its own keys name
  Maker<Hypervisor> hypervisor{};
  Maker<Network> network{};
  Maker<SharedFilesystem> shared_filesystem{};
  Maker<MemoryDedup> memory_dedup{};
};

// A case's own place. [any]
struct Workplace {
  const Subject& subject;
  std::filesystem::path directory;  // 0700, empty, removed afterwards

  std::filesystem::path state_dir() const { return directory / "sandbox" / "plugin"; }
  plugin_host::InstanceContext context(std::string saved_state = {}) const {
    return {"plugin-check", state_dir(), std::move(saved_state)};
  }
};

using Outcome = Result<void>;

struct Case {
  const char* name;
  Outcome (*run)(const Workplace& workplace);
  const char* (*missing)(const Workplace& workplace) =
      nullptr;  // why it cannot apply; null: it does
};

struct Suite {
  const char* name;
  std::span<const Case> cases;
};

// Those of an interface's id; empty for one that nobody knows.
std::vector<Suite> suites_of(std::string_view interface_id);

Suite instance_suite();  // of every interface
Suite hypervisor_suite();
Suite vm_life_suite();
Suite network_suite();
Suite shared_filesystem_suite();
Suite memory_dedup_suite();

inline Outcome expect(bool holds, std::string otherwise) {
  if (holds) return {};
  return make_error(ErrorCode::kInternal, std::move(otherwise));
}

std::string_view name_of(ErrorCode code) noexcept;

// A call that must fail with one of these codes.
template <class T>
Outcome expect_code(const Result<T>& result, std::initializer_list<ErrorCode> codes,
                    std::string_view call) {
  std::string wanted;
  for (const ErrorCode code : codes) {
    if (!result.ok() && result.error().code == code) return {};
    wanted += concat(wanted.empty() ? "" : " or ", name_of(code));
  }
  if (result.ok())
    return make_error(ErrorCode::kInternal, concat(call, " succeeded: expected ", wanted));
  return make_error(ErrorCode::kInternal,
                    concat(call, ": expected ", wanted, ", found ", name_of(result.error().code),
                           " (", result.error().message, ")"));
}

inline Deadline in(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}
inline Deadline passed() { return std::chrono::steady_clock::now() - std::chrono::seconds(1); }

}  // namespace kata::check
