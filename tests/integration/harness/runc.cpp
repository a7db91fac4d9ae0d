// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/harness/runc.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>

namespace kata::test {

using nlohmann::json;

namespace {

void collect(const json& value, const std::string& path, const std::vector<std::string>& data,
             std::vector<std::string>& names) {
  if (!value.is_object() || std::find(data.begin(), data.end(), path) != data.end()) return;
  for (const auto& [key, member] : value.items()) {
    const std::string name = path.empty() ? key : path + "." + key;
    names.push_back(name);
    collect(member, name, data, names);
  }
}

}  // namespace

Runc::~Runc() {
  for (const std::string& id : ids_) (*this)({"delete", "--force", id});
}

CommandResult Runc::operator()(std::vector<std::string> verb) const {
  verb.insert(verb.begin(), {"/usr/sbin/runc", "--root", root_.string()});
  return run(verb);
}

void Runc::start(const std::filesystem::path& bundle, const std::string& id) {
  json spec = json::parse(std::ifstream(bundle / "config.json"));
  spec["linux"]["cgroupsPath"] = "/kata-oracle-" + std::to_string(::getpid()) + "-" + id;
  std::ofstream(bundle / "config.json") << spec.dump();
  ids_.push_back(id);
  const CommandResult started = (*this)({"run", "--detach", "--bundle", bundle, id});
  if (started.exit_code != 0) throw std::runtime_error("runc run: " + started.err);
}

std::vector<std::string> member_names(const json& value, const std::vector<std::string>& data) {
  std::vector<std::string> names;
  collect(value, "", data, names);
  return names;
}

}  // namespace kata::test
