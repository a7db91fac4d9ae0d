// SPDX-License-Identifier: Apache-2.0
//
// A bench that cannot measure says why and ends with 2: a number that is no number is worse.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "kata/result.h"

namespace kata::bench {

[[noreturn]] inline void fail(const std::string& what) {
  std::fprintf(stderr, "bench: %s\n", what.c_str());
  std::exit(2);
}

template <class Value>
Value must(Result<Value> result) {
  if (!result.ok()) fail(result.error().message);
  return result.take();
}

inline void must(Result<void> result) {
  if (!result.ok()) fail(result.error().message);
}

}  // namespace kata::bench
