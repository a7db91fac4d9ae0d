// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/note_check.h"

#include <algorithm>
#include <cstddef>

#include "core/plugin_host/refusal.h"
#include "kata/concat.h"

namespace kata::plugin_host {

namespace {

constexpr const char* kRebuild = "rebuild the plugin with kata_add_plugin()";
constexpr std::string_view kSdk = " sdk:";

std::string in_quotes(std::string_view text) { return concat("'", printable(text), "'"); }

Result<void> check_fields_present(const ElfNote& note) {
  for (const char* key : {"interface", "fingerprint", "name", "version"})
    if (!note.fields.contains(key))
      return refused("plugin note", concat("a field '", key, "'"), "none", kRebuild);
  return {};
}

Result<void> check_fingerprint(std::string_view found, std::string_view ours) {
  if (found == ours) return {};
  const std::string_view found_abi = found.substr(0, found.find(kSdk));
  const std::string_view our_abi = ours.substr(0, ours.find(kSdk));
  if (found_abi != our_abi)
    return refused("build fingerprint", in_quotes(our_abi), in_quotes(found_abi),
                   "rebuild the plugin with the architecture, standard library and sanitizer "
                   "of this program");
  return refused("interface digest", in_quotes(ours.substr(our_abi.size() + 1)),
                 in_quotes(found.substr(std::min(found.size(), found_abi.size() + 1))),
                 "rebuild the plugin against this release's headers");
}

Result<void> check_exports(const ElfNote& note) {
  const auto found =
      std::find_if(note.exports.begin(), note.exports.end(),
                   [](const ExportedSymbol& symbol) { return symbol.name == kDescriptorSymbol; });
  if (found == note.exports.end())
    return refused("exported symbol", kDescriptorSymbol, "none of that name", kRebuild);
  for (const ExportedSymbol& symbol : note.exports)
    if (symbol.name != kDescriptorSymbol)
      return refused("exported symbols", concat(kDescriptorSymbol, " only"),
                     concat(note.exports.size(), " with ", in_quotes(symbol.name)), kRebuild);
  if (found->size < sizeof(plugin::Descriptor))
    return refused("descriptor size", concat("at least ", sizeof(plugin::Descriptor), " bytes"),
                   concat(found->size), kRebuild);
  return {};
}

Result<void> check_same(std::string_view what, const char* in_descriptor, const ElfNote& note,
                        std::string_view key) {
  const auto in_note = note.fields.find(key);
  if (in_descriptor != nullptr && in_note != note.fields.end() && in_note->second == in_descriptor)
    return {};
  return refused(concat("descriptor ", what),
                 in_note == note.fields.end() ? "none" : in_quotes(in_note->second),
                 in_descriptor == nullptr ? "null" : in_quotes(in_descriptor), kRebuild);
}

}  // namespace

Result<void> check_note(const ElfNote& note, const WantedInterface& wanted) {
  KATA_TRY(check_fields_present(note), "");
  const std::string& interface_id = note.fields.find("interface")->second;
  if (interface_id != wanted.id)
    return refused("interface", in_quotes(wanted.id), in_quotes(interface_id),
                   "select this plugin for what it is, or install the one for this release");
  KATA_TRY(check_fingerprint(note.fields.find("fingerprint")->second, wanted.fingerprint), "");
  return check_exports(note);
}

Result<void> check_descriptor(const plugin::Descriptor& descriptor, const ElfNote& note) {
  if (descriptor.struct_size != sizeof(plugin::Descriptor))
    return refused("descriptor size", concat(sizeof(plugin::Descriptor), " bytes"),
                   concat(descriptor.struct_size), kRebuild);
  if (descriptor.abi != plugin::kAbi)
    return refused("descriptor ABI", concat(plugin::kAbi), concat(descriptor.abi),
                   "rebuild the plugin against this release's headers");
  KATA_TRY(check_same("interface", descriptor.interface_id, note, "interface"), "");
  KATA_TRY(check_same("fingerprint", descriptor.fingerprint, note, "fingerprint"), "");
  KATA_TRY(check_same("name", descriptor.name, note, "name"), "");
  if (descriptor.create == nullptr || descriptor.destroy == nullptr)
    return refused("descriptor", "functions create and destroy", "a null pointer", kRebuild);
  if (descriptor.config == nullptr && descriptor.config_count != 0)
    return refused("descriptor", concat("a table of ", descriptor.config_count, " config fields"),
                   "a null pointer", kRebuild);
  return {};
}

}  // namespace kata::plugin_host
