// SPDX-License-Identifier: Apache-2.0
//
// A TOML file as a flat map, with the place of each key. Tables are joined by dots, which is
// unambiguous because keys are made of [A-Za-z0-9_-] only (anything else is refused).
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/config/config.h"
#include "kata/result.h"

namespace kata::config {

struct Document {
  std::map<std::string, Origin> tables{};  // "hypervisor.acme", also when it is empty
  std::map<std::string, Value> values{};   // "hypervisor.acme.path"
};

Result<Document> parse_toml(std::string_view text, const std::string& file);

// Lays `above` over `below`: tables merge, values are replaced.
void overlay(Document& below, Document above);

// "file:line:column: ".
std::string place(const Origin& origin);

}  // namespace kata::config
