// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <utility>

#include "core/base/log.h"
#include "kata/result.h"

namespace kata::sandbox {

// Tear-down goes on after a failure; the first one is what the caller hears.
class FirstError {
 public:
  void note(Result<void> outcome, std::string_view action) {
    if (outcome.ok()) return;
    Error error = in_context(std::move(outcome).error(), action);
    log::warn("tear-down step failed", {{"error", error.message}});
    if (first_.ok()) first_ = std::move(error);
  }
  Result<void> take() { return std::move(first_); }

 private:
  Result<void> first_{};
};

}  // namespace kata::sandbox
