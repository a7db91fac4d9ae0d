// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include <doctest/doctest.h>

#include <fstream>

namespace kata::agent::hostile {

namespace fs = std::filesystem;

void replace_by_link(const fs::path& path, const fs::path& target) {
  fs::remove_all(path);
  fs::create_symlink(target, path);
}

void write_file(const fs::path& path, std::string_view content) {
  fs::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file << content;
  REQUIRE(file.flush().good());
}

void run_script(Json& config, const char* script) {
  config["process"]["args"] = {"sh", "-c", script};
}

void add_mount(Json& config, const std::string& destination, const std::string& type,
               const std::string& source, const std::vector<std::string>& options) {
  config["mounts"].push_back(
      {{"destination", destination}, {"type", type}, {"source", source}, {"options", options}});
}

void without_dev_mounts(Json& config) {
  Json kept = Json::array();
  for (const Json& mount : config["mounts"])
    if (!mount["destination"].get<std::string>().starts_with("/dev")) kept.push_back(mount);
  config["mounts"] = std::move(kept);
}

}  // namespace kata::agent::hostile
