// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/cri/image_archive.h"

#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "kata/concat.h"
#include "tests/integration/harness/command.h"

namespace kata::test {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

std::string run_for_output(const std::vector<std::string>& argv) {
  const CommandResult result = run(argv);
  REQUIRE_MESSAGE(result.exit_code == 0, argv[0], ": ", result.err);
  return result.out;
}

// Its layer and its configuration; returns its line of the manifest.
json add_image(const fs::path& content, const std::string& name, const ImageSource& image) {
  const fs::path layer = content / (name + ".tar");
  run_for_output({"tar", "-C", image.rootfs, "--sort=name", "-cf", layer, "."});
  const std::string digest = run_for_output({"sha256sum", layer}).substr(0, 64);
  std::ofstream(content / (name + ".json")) << json{
      {"architecture", "amd64"},
      {"os", "linux"},
      {"config",
       {{"Entrypoint", image.entrypoint},
        {"Env", json::array({"PATH=/usr/sbin:/usr/bin:/sbin:/bin"})}}},
      {"rootfs", {{"type", "layers"}, {"diff_ids", json::array({concat("sha256:", digest)})}}}};
  return {{"Config", name + ".json"},
          {"RepoTags", json::array({image.reference})},
          {"Layers", json::array({name + ".tar"})}};
}

}  // namespace

fs::path make_image_archive(const fs::path& directory, const std::vector<ImageSource>& images) {
  const fs::path content = directory / "images", archive = directory / "images.tar";
  fs::create_directory(content);
  json manifest = json::array();
  for (const ImageSource& image : images)
    manifest.push_back(add_image(content, concat("image", manifest.size()), image));
  std::ofstream(content / "manifest.json") << manifest;
  run_for_output({"tar", "-C", content, "-cf", archive, "."});
  return archive;
}

}  // namespace kata::test
