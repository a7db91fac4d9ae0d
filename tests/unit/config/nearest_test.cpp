// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "core/config/nearest.h"

namespace kata::config {

namespace {
constexpr std::string_view kWords[] = {"kernel", "initrd", "image", "default_memory"};
}

TEST_CASE("a slip of one or two letters finds its word") {
  CHECK(nearest("kernal", kWords) == "kernel");
  CHECK(nearest("intrd", kWords) == "initrd");
  CHECK(nearest("default_memry", kWords) == "default_memory");
  CHECK(nearest("kernel", kWords) == "kernel");
}

TEST_CASE("a word that resembles nothing has no suggestion") {
  CHECK(nearest("zzzzzz", kWords).empty());
  CHECK(nearest("", kWords).empty());
  CHECK(nearest(std::string(100000, 'a'), kWords).empty());
  CHECK(nearest("kernel", {}).empty());
}

TEST_CASE("without a near word a short list is shown whole") {
  CHECK(suggestion("zzzzzz", kWords) == "; known are 'kernel' 'initrd' 'image' 'default_memory'");
  CHECK(suggestion("zzzzzz", {}) == "; remove it");
}

}  // namespace kata::config
