// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/guard.h"

#include <exception>

namespace kata::plugin_host {

std::string what_it_threw(const std::string& plugin, const char* method) {
  const std::string threw = concat("plugin '", plugin, "': ", method, " threw ");
  try {
    throw;
  } catch (const std::exception& exception) {
    return concat(threw, exception.what());
  } catch (...) {
    return concat(threw, "something that is not a std::exception");
  }
}

}  // namespace kata::plugin_host
