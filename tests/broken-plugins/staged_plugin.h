// SPDX-License-Identifier: Apache-2.0
//
// A copy of a built plugin in a trusted directory of the test's own, to be loaded or damaged.
#pragma once

#include <sys/stat.h>

#include <fstream>
#include <sstream>
#include <string>

#include "core/plugin_host/plugin_host.h"
#include "tests/unit/config/temp_dir.h"

namespace kata::plugin_host {

class StagedPlugin {
 public:
  explicit StagedPlugin(const std::string& name, const std::string& file_name = "")
      : name_(name), file_(dir_.path() / (file_name.empty() ? name + ".so" : file_name)) {
    write(built(name));
  }

  static std::string built(const std::string& name) {
    std::ifstream in(concat(KATA_BROKEN_PLUGINS, "/", name, ".so"), std::ios::binary);
    REQUIRE(in.good());
    std::ostringstream bytes;
    bytes << in.rdbuf();
    return bytes.str();
  }

  void write(std::string_view bytes) const {
    dir_.write(file_.filename(), bytes);
    ::chmod(file_.c_str(), 0755);
  }

  const std::filesystem::path& file() const { return file_; }
  const std::filesystem::path& directory() const { return dir_.path(); }
  config::PluginChoice choice() const { return {name_, file_, {}, {}}; }

 private:
  TempDir dir_{};
  std::string name_;
  std::filesystem::path file_;
};

// The one line that refuses `choice` as a network plugin, without "plugin '<file>': ".
inline std::string refusal_of(const config::PluginChoice& choice) {
  PluginHost host;
  const auto made = host.network(choice, {});
  REQUIRE_FALSE(made.ok());
  const std::string message = made.error().message;
  CHECK(message.find('\n') == std::string::npos);
  const std::string prefix = concat("plugin '", choice.library, "': ");
  CHECK_MESSAGE(message.starts_with(prefix), message);
  return message.substr(std::min(prefix.size(), message.size()));
}

}  // namespace kata::plugin_host
