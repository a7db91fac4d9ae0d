// SPDX-License-Identifier: Apache-2.0
//
// Debian's runc on the same bundles, whose output shows what callers expect of ours.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/integration/harness/command.h"
#include "tests/integration/harness/runtime.h"

namespace kata::test {

class Runc {
 public:
  // Below the directory of `runtime`.
  explicit Runc(const Runtime& runtime) : root_(runtime.directory() / "runc") {}
  ~Runc();
  Runc(const Runc&) = delete;
  Runc& operator=(const Runc&) = delete;

  CommandResult operator()(std::vector<std::string> verb) const;

  // A detached container of this bundle, deleted by the destructor.
  void start(const std::filesystem::path& bundle, const std::string& id);

 private:
  std::filesystem::path root_;
  std::vector<std::string> ids_{};
};

// "a.b" for each member of nested objects; the members of objects named in `data` are not names.
std::vector<std::string> member_names(const nlohmann::json& value,
                                      const std::vector<std::string>& data = {});

}  // namespace kata::test
