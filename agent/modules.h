// SPDX-License-Identifier: Apache-2.0
//
// Kernel modules of the guest, loaded when something needs them: a guest that uses no overlay never
// pays for it. The directory holds <name>.ko files and modules.list, whose lines are
// "name: dependency dependency …" with the dependencies in load order.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "kata/result.h"

namespace kata::agent {

using ModuleList = std::map<std::string, std::vector<std::string>, std::less<>>;

// Blank lines and lines starting with '#' are skipped; a line of another form is an error.
Result<ModuleList> parse_module_list(std::string_view text);

// The modules to load for `name`, dependencies first, `name` last, each once.
Result<std::vector<std::string>> load_order(const ModuleList& list, std::string_view name);

class ModuleLoader {
 public:
  explicit ModuleLoader(std::filesystem::path directory) : directory_(std::move(directory)) {}

  // Does nothing when the module is there already, as a file loaded before or built in. A list
  // without any entry belongs to a kernel that has everything built in.
  // `parameters` go to the module itself, "name=value name=value".
  Result<void> load(std::string_view name, const std::string& parameters = {});

 private:
  Result<void> read_list();
  Result<void> insert(const std::string& name, const std::string& parameters);

  std::filesystem::path directory_;
  std::optional<ModuleList> list_{};
  std::set<std::string, std::less<>> loaded_{};
};

}  // namespace kata::agent
