// SPDX-License-Identifier: Apache-2.0
//
// KATA_PLUGIN: the last lines of a plugin. Emits the constant kata_plugin_v1, the ELF note
// `.kata.plugin` that the host reads before it loads anything, and a create() that calls
//     static Result<std::unique_ptr<Implementation>> Implementation::create(const plugin::Context&)
// with every exception turned into an Error.
//
//   constexpr kata::plugin::ConfigField kConfig[] = {{"path", "path", R"("/usr/bin/vmm")", "The
//   VMM's program."}}; KATA_PLUGIN(Hypervisor, AcmeHypervisor, "acme", "1.0.0", "Acme",
//   "Apache-2.0", "Runs VMs with Acme", kConfig);
#pragma once

#include <exception>
#include <iterator>
#include <memory>
#include <utility>

#include "kata/plugin/descriptor.h"
#include "kata/plugin/fingerprint.h"
#include "kata/result.h"

namespace kata::plugin {

// The field table of a plugin without keys.
inline constexpr struct NoConfig {
  constexpr std::size_t size() const noexcept { return 0; }
  constexpr operator const ConfigField*() const noexcept { return nullptr; }  // NOLINT: an array's
} kNoConfig{};

}  // namespace kata::plugin

namespace kata::plugin::detail {

template <class Interface, class Implementation>
void* create(const Context& context, Error& error) noexcept {
  try {
    Result<std::unique_ptr<Implementation>> made = Implementation::create(context);
    if (made.ok()) return static_cast<Interface*>(made.take().release());
    error = std::move(made).error();
  } catch (const std::exception& exception) {
    error = make_error(ErrorCode::kInternal, std::string("create threw: ") + exception.what());
  } catch (...) {
    error = make_error(ErrorCode::kInternal, "create threw something that is not a std::exception");
  }
  return nullptr;
}

template <class Interface>
void destroy(void* instance) noexcept {
  delete static_cast<Interface*>(instance);
}

}  // namespace kata::plugin::detail

#define KATA_PLUGIN(Interface, Implementation, plugin_name, plugin_version, plugin_vendor,       \
                    plugin_license, plugin_summary, plugin_config)                               \
  extern "C" __attribute__((visibility("default"), used))                                        \
  const ::kata::plugin::Descriptor kata_plugin_v1 = {                                            \
      sizeof(::kata::plugin::Descriptor),                                                        \
      ::kata::plugin::kAbi,                                                                      \
      KATA_INTERFACE_##Interface,                                                                \
      KATA_FINGERPRINT(Interface),                                                               \
      plugin_name,                                                                               \
      plugin_version,                                                                            \
      plugin_vendor,                                                                             \
      plugin_license,                                                                            \
      plugin_summary,                                                                            \
      plugin_config,                                                                             \
      static_cast<std::uint32_t>(std::size(plugin_config)),                                      \
      &::kata::plugin::detail::create<::kata::Interface, Implementation>,                        \
      &::kata::plugin::detail::destroy<::kata::Interface>};                                      \
  __attribute__((section(".kata.plugin"), used, retain)) static const char kata_plugin_note[] =  \
      "interface=" KATA_INTERFACE_##Interface "\0fingerprint=" KATA_FINGERPRINT(                 \
          Interface) "\0name=" plugin_name "\0version=" plugin_version "\0vendor=" plugin_vendor \
                     "\0license=" plugin_license "\0summary=" plugin_summary "\0"
