// SPDX-License-Identifier: Apache-2.0
//
// What a plugin exports: one constant, `kata_plugin_v1`, checked before any C++ of the plugin is
// trusted.
//
// FROZEN: part of each interface's digest. A new field means kata_plugin_v2.
//
// Threads: the host makes one call at a time on an instance, except on methods tagged [any]
// (callable at any time from any thread) and [waiter] (blocks on a thread of its own while other
// methods are called). A plugin waits only for children it made, by pidfd; it installs no signal
// handler and never calls waitpid(-1).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <type_traits>

#include "kata/plugin/outcome.h"

namespace kata::plugin {

// Of this header; each interface carries its own number in its id.
inline constexpr std::uint32_t kAbi = 1;

struct ConfigField {  // one key of [<interface>.<name>] in configuration.toml
  const char* name;
  const char* type;          // "string" "path" "integer" "number" "boolean" "string[]"
  const char* default_json;  // a JSON value; null: the key is required
  const char* doc;           // one sentence: what it does, its unit
};

class Host {  // what the host offers; outlives the instance. [any]
 public:
  enum class Level : std::int32_t { kTrace = 1, kDebug, kInfo, kWarn, kError };
  virtual void log(Level level, std::string_view message) noexcept = 0;
  virtual std::uint64_t begin_span(std::string_view name) noexcept = 0;
  virtual void end_span(std::uint64_t span) noexcept = 0;
  // What a later host offers, as extension.h says; null: this one does not.
  virtual void* extension(std::string_view /*id*/) noexcept { return nullptr; }

 protected:
  ~Host() = default;
};

struct Context {  // valid during create() only, except `host`
  Host& host;
  std::string_view config_json;  // an object: unknown keys refused, types checked, defaults filled
                                 // in by the host
  std::string_view sandbox_id;
  std::filesystem::path state_dir;  // this plugin's, this sandbox's; mode 0700; made and removed by
                                    // the host; beside those of the sandbox's other plugins
  std::string_view saved_state;     // from save_state(), or empty the first time
};

struct Descriptor {
  std::uint32_t struct_size, abi;
  const char* interface_id;  // "kata.hypervisor/1"
  const char* fingerprint;   // "x86_64 libstdc++/cxx11 sdk:<digest of the shared headers and this
                             // interface's>"
  const char* name;          // as configuration.toml says it: "qemu"
  const char* version;
  const char* vendor;
  const char* license;
  const char* summary;
  const ConfigField* config;
  std::uint32_t config_count;
  void* (*create)(const Context& context,
                  Error& error) noexcept;  // an interface pointer; null: see error
  void (*destroy)(void* instance) noexcept;
};
static_assert(std::is_standard_layout_v<Descriptor> && std::is_trivially_copyable_v<Descriptor>);

}  // namespace kata::plugin
