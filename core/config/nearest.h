// SPDX-License-Identifier: Apache-2.0
//
// "did you mean 'kernel_params'?": the suggestion in messages about unknown keys.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace kata::config {

// The candidate with the smallest edit distance, if it is small enough to be a slip; else empty.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

// "; did you mean '…'?", or the list of what is possible when nothing is near and it is short.
std::string suggestion(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace kata::config
