// SPDX-License-Identifier: Apache-2.0
//
// Extensions: what an interface gained after it was frozen, or what not every plugin of a kind can
// do. extension(Class::kId) gives a pointer to the class, as void*, or null. It is the same for an
// instance's whole life and lives as long as it; its calls count as the instance's: one at a time.
//
// An id carries its own number and never means two classes; it is no part of the interface's
// digest. So a plugin that was built before an extension loads, and says null; one that was built
// after the host is never asked. Ids with "draft" change in any release.
#pragma once

#include <string>
#include <string_view>

#include "kata/result.h"

namespace kata {

// Lent; null: not offered.
template <class Extension, class Interface>
Extension* extension_of(Interface& instance) noexcept {
  return static_cast<Extension*>(instance.extension(Extension::kId));
}

// The same for a caller that cannot go on without it.
template <class Extension, class Interface>
Result<Extension*> required_extension(Interface& instance, std::string_view plugin) {
  if (auto* const found = extension_of<Extension>(instance)) return found;
  return make_error(ErrorCode::kUnsupported,
                    "plugin '" + std::string(plugin) + "' does not offer '" + Extension::kId +
                        "': it cannot do this, or was built before the extension; take a version "
                        "of the plugin that has it");
}

}  // namespace kata
