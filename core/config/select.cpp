// SPDX-License-Identifier: Apache-2.0
#include "core/config/select.h"

#include <algorithm>

#include "core/config/json_text.h"
#include "core/config/kata_names.h"
#include "kata/concat.h"

namespace kata::config {

namespace {

struct Component {
  const char* key;             // in [plugins]
  std::string_view file_part;  // of libkata-<file_part><name>.so
  std::string_view fallback;
};
constexpr Component kHypervisor{"hypervisor", "hypervisor-", kDefaultHypervisor};
constexpr Component kNetwork{"network", "net-", kDefaultNetwork};
constexpr Component kSharedFilesystem{"shared_filesystem", "fs-", kDefaultSharedFilesystem};
constexpr Component kMemoryDedup{"memory_dedup", "", kDefaultMemoryDedup};

bool plain_name(std::string_view name) {
  const auto plain = [](char c) {
    return c == '_' || c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z');
  };
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), plain);
}

// "/opt/libkata-net-acme.so" → "acme": the name its configuration table has.
std::string name_of_library(const std::filesystem::path& library, const Component& component) {
  std::string name = library.stem().native();
  for (const std::string_view part :
       {std::string_view("lib"), std::string_view("kata-"), component.file_part})
    if (name.starts_with(part)) name.erase(0, part.size());
  return name;
}

Result<PluginChoice> choose(const Component& component, const Reader::Text& wanted,
                            const std::filesystem::path& directory) {
  PluginChoice choice;
  choice.origin = wanted.origin;
  choice.name = wanted.present ? wanted.text : std::string(component.fallback);
  if (choice.name == "none") return choice;
  if (choice.name.starts_with('/')) {
    choice.library = choice.name;
    choice.name = name_of_library(choice.library, component);
  } else {
    choice.library = directory / concat("libkata-", component.file_part, choice.name, ".so");
  }
  if (!plain_name(choice.name))
    return bad_value({to_json(wanted.text), wanted.origin}, "plugins", component.key,
                     "a plugin's name or the absolute path of its library",
                     concat("for example \"", component.fallback, "\""));
  return choice;
}

std::string quoted_list(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += concat(text.empty() ? "'" : ", '", name, "'");
  return text;
}

std::string_view our_name(std::string_view name) {
  for (const HypervisorName& known : kHypervisorNames)
    if (name == known.kata) return known.ours;
  return name;
}

// [plugins] hypervisor, else runtime.hypervisor_name, else the only [hypervisor.X] table.
Result<Reader::Text> wanted_hypervisor(Reader& reader) {
  auto named = KATA_TRY(reader.take_text("runtime", "hypervisor_name"), "");
  auto plugin = KATA_TRY(reader.take_text("plugins", kHypervisor.key), "");
  if (plugin.present) return plugin;
  if (named.present) return named;
  const auto tables = reader.tables_of("hypervisor");
  if (tables.size() == 1) return Reader::Text{tables.front(), {}, true};
  if (tables.empty()) return plugin;
  return make_error(ErrorCode::kInvalidArgument,
                    concat("more than one hypervisor is configured (", quoted_list(tables),
                           "): choose one by [plugins] hypervisor = \"", tables.front(), "\""));
}

// [plugins] shared_filesystem, else Kata's shared_fs in the hypervisor's table.
Result<Reader::Text> wanted_shared_filesystem(Reader& reader, const std::string& hypervisor) {
  const std::string table = "hypervisor." + hypervisor;
  auto kata = KATA_TRY(reader.take_text(table, "shared_fs"), "");
  auto plugin = KATA_TRY(reader.take_text("plugins", kSharedFilesystem.key), "");
  if (plugin.present || !kata.present) return plugin;
  for (const SharedFsName& name : kSharedFsNames)
    if (kata.text == name.kata) return Reader::Text{std::string(name.ours), kata.origin, true};
  return bad_value({to_json(kata.text), kata.origin}, table, "shared_fs",
                   "\"virtio-fs\", \"virtio-9p\" or \"none\"",
                   "or name another plugin by [plugins] shared_filesystem");
}

void note(Reader& reader, const Component& component, const PluginChoice& choice,
          const Reader::Text& wanted) {
  const bool by_path = wanted.present && wanted.text.starts_with('/');
  reader.note_effective(concat("plugins.", component.key),
                        {to_json(by_path ? wanted.text : choice.name), choice.origin});
}

// Moves what is at `from` and below it to `to`; the places stay.
template <class Map>
void rename_below(Map& map, const std::string& from, const std::string& to) {
  Map kept;
  for (auto& [path, entry] : map) {
    const bool moves = path == from || path.starts_with(from + '.');
    kept.insert_or_assign(moves ? to + path.substr(from.size()) : path, std::move(entry));
  }
  map = std::move(kept);
}

}  // namespace

Result<void> use_our_names(Document& document) {
  for (const HypervisorName& name : kHypervisorNames) {
    const std::string theirs = concat("hypervisor.", name.kata);
    const std::string ours = concat("hypervisor.", name.ours);
    const auto found = document.tables.find(theirs);
    if (found == document.tables.end()) continue;
    if (document.tables.count(ours) != 0)
      return make_error(ErrorCode::kInvalidArgument,
                        concat(place(found->second), "[", theirs, "] and another table configure ",
                               "the same hypervisor, '", name.ours, "': keep one of them"));
    rename_below(document.values, theirs, ours);
    rename_below(document.tables, theirs, ours);
  }
  return {};
}

Result<void> select_plugins(Reader& reader, Config& config) {
  std::filesystem::path directory = kDefaultPluginDirectory;
  KATA_TRY(reader.read("plugins", {{"directory", &directory}}), "");

  auto hypervisor = KATA_TRY(wanted_hypervisor(reader), "");
  hypervisor.text = our_name(hypervisor.text);
  config.hypervisor = KATA_TRY(choose(kHypervisor, hypervisor, directory), "");
  const auto share = KATA_TRY(wanted_shared_filesystem(reader, config.hypervisor.name), "");
  config.shared_filesystem = KATA_TRY(choose(kSharedFilesystem, share, directory), "");
  const auto network = KATA_TRY(reader.take_text("plugins", kNetwork.key), "");
  config.network = KATA_TRY(choose(kNetwork, network, directory), "");
  const auto dedup = KATA_TRY(reader.take_text("plugins", kMemoryDedup.key), "");
  config.memory_dedup = KATA_TRY(choose(kMemoryDedup, dedup, directory), "");

  note(reader, kHypervisor, config.hypervisor, hypervisor);
  note(reader, kSharedFilesystem, config.shared_filesystem, share);
  note(reader, kNetwork, config.network, network);
  note(reader, kMemoryDedup, config.memory_dedup, dedup);
  return {};
}

}  // namespace kata::config
