// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/plugin_host.h"

#include <map>
#include <span>

#include "core/config/document.h"
#include "core/config/known_keys.h"
#include "core/config/nearest.h"
#include "core/plugin_host/crash_note.h"
#include "core/plugin_host/field_check.h"
#include "core/plugin_host/guard.h"
#include "core/plugin_host/loader.h"
#include "core/plugin_host/manners.h"
#include "core/plugin_host/no_network.h"
#include "kata/concat.h"
#include "kata/plugin/fingerprint.h"

namespace kata::plugin_host {

namespace {

struct InterfaceOf {
  std::string_view table;  // in configuration.toml
  WantedInterface wanted;
};
constexpr InterfaceOf kHypervisor{"hypervisor",
                                  {KATA_INTERFACE_Hypervisor, KATA_FINGERPRINT(Hypervisor)}};
constexpr InterfaceOf kNetwork{"network", {KATA_INTERFACE_Network, KATA_FINGERPRINT(Network)}};
constexpr InterfaceOf kSharedFilesystem{
    "shared_filesystem", {KATA_INTERFACE_SharedFilesystem, KATA_FINGERPRINT(SharedFilesystem)}};
constexpr InterfaceOf kMemoryDedup{"memory_dedup",
                                   {KATA_INTERFACE_MemoryDedup, KATA_FINGERPRINT(MemoryDedup)}};

std::span<const plugin::ConfigField> fields_of(const plugin::Descriptor& descriptor) {
  return {descriptor.config, descriptor.config_count};
}

// Right keys of the same table that are not the plugin's: for "did you mean".
std::vector<std::string_view> also_known(const InterfaceOf& interface) {
  if (interface.table != kHypervisor.table) return {};
  const auto composition = config::composition_keys();
  const auto later = config::not_implemented_keys("hypervisor");
  std::vector<std::string_view> known(composition.begin(), composition.end());
  known.insert(known.end(), later.begin(), later.end());
  return known;
}

Error absent(const InterfaceOf& interface) {
  return make_error(ErrorCode::kFailedPrecondition,
                    concat("[plugins] ", interface.table,
                           ": expected a plugin's name, found \"none\"; choose one"));
}

}  // namespace

struct PluginHost::Impl {
  std::map<std::filesystem::path, const plugin::Descriptor*> loaded{};

  Result<const plugin::Descriptor*> descriptor(const config::PluginChoice& choice,
                                               const InterfaceOf& interface) {
    if (choice.name == "none") return absent(interface);
    const auto found = loaded.find(choice.library);
    if (found != loaded.end() && found->second->interface_id == interface.wanted.id)
      return found->second;
    const auto* fresh = KATA_TRY(load_plugin(choice.library, interface.wanted), "");
    KATA_TRY(check_field_table(fields_of(*fresh)), concat("plugin '", choice.library, "'"));
    loaded[choice.library] = fresh;
    return fresh;
  }

  static void* create(const plugin::Descriptor& plugin, const plugin::Context& context,
                      Error& error) {
    const PluginCall running(plugin.name, "create");
    return plugin.create(context, error);
  }

  template <class Interface>
  Result<std::unique_ptr<Interface>> make(const config::PluginChoice& choice,
                                          const InstanceContext& context,
                                          const InterfaceOf& interface) {
    const Manners manners;
    const plugin::Descriptor& plugin = *KATA_TRY(descriptor(choice, interface), "");
    const std::string config =
        KATA_TRY(check_keys(choice, concat(interface.table, ".", choice.name), fields_of(plugin),
                            also_known(interface)),
                 "");
    Instance<Interface> instance;
    instance.name = plugin.name;
    instance.services = std::make_unique<HostServices>(instance.name);
    const plugin::Context given{*instance.services, config, context.sandbox_id, context.state_dir,
                                context.saved_state};
    Error error = make_error(ErrorCode::kInternal, "create returned null without an error");
    void* const object = create(plugin, given, error);
    if (object == nullptr)
      return in_context(std::move(error), concat("plugin '", choice.library, "': create"));
    instance.object = std::unique_ptr<Interface, DestroyInstance>(static_cast<Interface*>(object),
                                                                  {plugin.destroy, plugin.name});
    KATA_TRY(manners.check(), concat("plugin '", choice.library, "'"));
    return guarded(std::move(instance));
  }
};

PluginHost::PluginHost() : impl_(std::make_unique<Impl>()) {}
PluginHost::~PluginHost() = default;

Result<std::unique_ptr<Hypervisor>> PluginHost::hypervisor(const config::PluginChoice& choice,
                                                           const InstanceContext& context) {
  return impl_->make<Hypervisor>(choice, context, kHypervisor);
}

Result<std::unique_ptr<Network>> PluginHost::network(const config::PluginChoice& choice,
                                                     const InstanceContext& context) {
  if (choice.name != "none") return impl_->make<Network>(choice, context, kNetwork);
  KATA_TRY(check_keys(choice, "network.none", {}, {}), "");
  return make_no_network();
}

Result<std::unique_ptr<SharedFilesystem>> PluginHost::shared_filesystem(
    const config::PluginChoice& choice, const InstanceContext& context) {
  return impl_->make<SharedFilesystem>(choice, context, kSharedFilesystem);
}

Result<std::unique_ptr<MemoryDedup>> PluginHost::memory_dedup(const config::PluginChoice& choice,
                                                              const InstanceContext& context) {
  return impl_->make<MemoryDedup>(choice, context, kMemoryDedup);
}

Result<PluginInfo> PluginHost::inspect(const std::filesystem::path& file) {
  return inspect_plugin(file);
}

Result<std::string> PluginHost::config_as_toml(const config::PluginChoice& choice,
                                               std::string_view interface_name) {
  for (const InterfaceOf& interface : {kHypervisor, kNetwork, kSharedFilesystem, kMemoryDedup}) {
    if (interface.table != interface_name) continue;
    const plugin::Descriptor& plugin = *KATA_TRY(impl_->descriptor(choice, interface), "");
    return fields_as_toml(plugin, concat(interface_name, ".", choice.name));
  }
  return make_error(ErrorCode::kInvalidArgument,
                    concat("unknown interface '", interface_name,
                           "'; known are 'hypervisor' 'network' 'shared_filesystem' "
                           "'memory_dedup'"));
}

}  // namespace kata::plugin_host
