// SPDX-License-Identifier: Apache-2.0
//
// kata-runtime-plugins' side of `config` and `plugin`, and `clean-up`.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <set>

#include "core/config/load.h"
#include "core/plugin_host/plugin_host.h"
#include "kata/concat.h"
#include "programs/kata-runtime/config_words.h"
#include "programs/kata-runtime/verbs.h"
#include "sandbox/recover.h"

namespace kata::runtime {

namespace fs = std::filesystem;

namespace {

struct Selected {
  std::string interface_name{};
  config::PluginChoice choice{};
};

Result<std::vector<Selected>> selected_plugins(const Globals& globals) {
  const auto file = KATA_TRY(config::find_config_file(globals.config), "");
  const auto config = KATA_TRY(config::load_config(file), "");
  return std::vector<Selected>{{"hypervisor", config.hypervisor},
                               {"network", config.network},
                               {"shared_filesystem", config.shared_filesystem},
                               {"memory_dedup", config.memory_dedup}};
}

Result<int> print_keys(const Globals& globals, const std::string& name) {
  for (const Selected& plugin : KATA_TRY(selected_plugins(globals), "")) {
    if (plugin.choice.name != name || plugin.choice.library.empty()) continue;
    plugin_host::PluginHost host;
    const auto text = KATA_TRY(host.config_as_toml(plugin.choice, plugin.interface_name), "");
    std::fputs(text.c_str(), stdout);
    return 0;
  }
  return make_error(ErrorCode::kNotFound,
                    concat("plugin '", name,
                           "' is not selected: see [plugins] in the output of "
                           "'kata-runtime config'"));
}

Result<int> inspect(const fs::path& file) {
  const auto info = KATA_TRY(plugin_host::PluginHost::inspect(file), "");
  const std::pair<const char*, const std::string*> lines[] = {
      {"interface", &info.interface_id}, {"name", &info.name},       {"version", &info.version},
      {"vendor", &info.vendor},          {"license", &info.license}, {"summary", &info.summary},
      {"fingerprint", &info.fingerprint}};
  std::printf("%-12s %s\n", "file", info.file.c_str());
  for (const auto& [label, value] : lines)
    if (!value->empty()) std::printf("%-12s %s\n", label, value->c_str());
  return 0;
}

// The selected libraries, and whatever else lies beside them.
Result<int> list(const Globals& globals) {
  std::set<fs::path> files, chosen;
  for (const Selected& plugin : KATA_TRY(selected_plugins(globals), "")) {
    if (plugin.choice.library.empty()) continue;
    files.insert(plugin.choice.library);
    chosen.insert(plugin.choice.library);
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator(plugin.choice.library.parent_path(), failure))
      if (entry.path().extension() == ".so") files.insert(entry.path());
  }
  for (const fs::path& file : files) {
    const auto info = plugin_host::PluginHost::inspect(file);
    const char mark = chosen.count(file) != 0 ? '*' : ' ';
    if (info.ok())
      std::printf("%c %-24s %-14s %-8s %s\n", mark, info.value().interface_id.c_str(),
                  info.value().name.c_str(), info.value().version.c_str(), file.c_str());
    else
      std::printf("%c refused: %s\n", mark, info.error().message.c_str());
  }
  return 0;
}

Result<int> look_at_plugins(const Globals& globals, const CommandLine& line) {
  const Words& words = line.operands;
  if (words[0] == "list" && words.size() == 1) return list(globals);
  if (words[0] == "inspect" && words.size() == 2) return inspect(words[1]);
  if (words[0] == "config" && words.size() == 2) return print_keys(globals, words[1]);
  return make_error(ErrorCode::kInvalidArgument,
                    concat("plugin: expected list, inspect FILE, config NAME or check FILE, found '", words[0],
                           "' and ", words.size() - 1, " more"));
}

Result<int> clean_up(const Globals& globals, const CommandLine& line) {
  sandbox::Store store = globals.store();
  const auto record = KATA_TRY(store.load_sandbox_or_birth(line.operands[0]), "");
  if (sandbox::is_alive(record.proxy))
    return make_error(ErrorCode::kFailedPrecondition, "the sandbox's kata-proxy is alive");
  plugin_host::PluginHost host;
  KATA_TRY(sandbox::clean_up_dead_sandbox(store, host, record), "");
  return 0;
}

}  // namespace

Verb config_verb() {
  Verb verb = config_manual();
  verb.least_operands = 1;
  verb.run = [](const Globals& globals, const CommandLine& line) {
    return print_keys(globals, line.operands[0]);
  };
  return verb;
}

Verb plugin_verb() {
  Verb verb = plugin_manual();
  verb.run = look_at_plugins;
  return verb;
}

Verb clean_up_verb() {
  Verb verb;
  verb.name = "clean-up";
  verb.operands = "SANDBOX-ID";
  verb.description = "Has the plugins stop and remove what a sandbox left whose proxy is dead.";
  verb.exit_status = "0 when nothing is left.";
  verb.run = clean_up;
  return verb;
}

}  // namespace kata::runtime
