// SPDX-License-Identifier: Apache-2.0
//
// A request of the schema, filled by words as the program fills it.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "programs/kata-agent-ctl/arguments.h"
#include "programs/kata-agent-ctl/render.h"

namespace kata::agentctl {

struct Request {
  explicit Request(std::string_view name) {
    const auto found = schema.find(name);
    REQUIRE(found.ok());
    method = found.value();
    message = schema.new_message(*method->input_type());
  }

  Result<void> fill(const Words& words) {
    return apply_arguments(words, *message, *method, warnings);
  }

  // The request as the generated class of the project sees it.
  template <class Generated>
  Generated as() const {
    Generated generated;
    CHECK(generated.ParseFromString(message->SerializeAsString()));
    return generated;
  }

  Schema schema{};
  const Method* method = nullptr;
  std::unique_ptr<Message> message{};
  std::vector<std::string> warnings{};
};

inline bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace kata::agentctl
