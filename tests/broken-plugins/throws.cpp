// SPDX-License-Identifier: Apache-2.0
//
// A plugin that throws from each method, built once for each interface: BROKEN_INTERFACE, by the
// class BROKEN_CLASS, called BROKEN_NAME.
#include "kata/plugin/export.h"
#include "tests/broken-plugins/throwing.h"

namespace broken {

struct Throws final : BROKEN_CLASS {
  static Result<std::unique_ptr<Throws>> create(const plugin::Context& context) {
    for (const char* what : {"standard", "number"})
      if (context.config_json.find(what) != std::string_view::npos) what_to_throw = what;
    return std::make_unique<Throws>();
  }
};

constexpr plugin::ConfigField kConfig[] = {{"what", "string", R"("own")", "What is thrown."}};

}  // namespace broken

// So that the macros' names are replaced before they are pasted.
#define KATA_PLUGIN_OF(...) KATA_PLUGIN(__VA_ARGS__)

KATA_PLUGIN_OF(BROKEN_INTERFACE, broken::Throws, BROKEN_NAME, "1.0.0", "Broken", "Apache-2.0",
               "Throws", broken::kConfig);
