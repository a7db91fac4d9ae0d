// SPDX-License-Identifier: Apache-2.0
//
// The table of OCI properties. A row is a change of an ordinary config.json and a probe that runs
// in the container; what the probe prints is the property. Rows stand in rows/*.json, a file an
// idea; README.md there says what each member means.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace kata::conformance {

struct Row {
  std::string idea{}, name{};
  nlohmann::json set = nlohmann::json::object();  // JSON pointer → value
  std::vector<std::string> remove{};              // JSON pointers
  std::string prepare{}, after{};                 // scripts of the host, run in the bundle
  std::optional<std::string> run{};               // script of the container's first process
  std::optional<std::string> exec{};              // script of a later process
  nlohmann::json exec_set = nlohmann::json::object();
  std::optional<std::string> expect{};           // what ours must print, whatever the others do
  bool refused = false;                          // ours must not start it
  std::string says{};                            // words of ours' refusal
  std::string view = "v1";                       // of cgroups: "v1" or "v2"
  bool vm = false;                               // also run in a real VM
  bool local = true;                             // and with the agent on this host
  std::map<std::string, std::string> differs{};  // peer → why ours differs from it
  std::map<std::string, std::string>
      vm_differs{};  // shared filesystem → why a VM differs from runc
};

// Every row of a directory, in the order of its files. Throws std::runtime_error naming the file
// and the row at fault.
std::vector<Row> load_rows(const std::filesystem::path& directory);

// config.json of a row. `bundle` and `cgroup` replace "@bundle@" and "@cgroup@" in its values.
nlohmann::json spec_of(const Row& row, const std::filesystem::path& bundle,
                       const std::string& cgroup);
nlohmann::json exec_process_of(const Row& row, const nlohmann::json& spec);

std::string replace_all(std::string text, const std::string& from, const std::string& to);

}  // namespace kata::conformance
