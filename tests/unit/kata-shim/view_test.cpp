// SPDX-License-Identifier: Apache-2.0
#include "programs/shim_view.h"

#include <doctest/doctest.h>

namespace kata {

TEST_CASE("a view arrives as it was sent") {
  const ShimView whole{
      "/bundle/rootfs", true, {{"/host/a b", "/data", false}, {"/host/\n", "/etc/hosts", true}}};
  const auto arrived = decode_view(encode_view(whole));
  REQUIRE(arrived.ok());
  CHECK(arrived.value() == whole);
  CHECK(decode_view(encode_view(ShimView{"/r"})).value() == ShimView{"/r"});
}

TEST_CASE("a view that is cut off anywhere is refused") {
  const std::string whole = encode_view(ShimView{"/r", false, {{"/s", "/t", true}}});
  const std::string rootfs_only = encode_view(ShimView{"/r"});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    INFO(size);
    CHECK(decode_view(std::string_view(whole).substr(0, size)).ok() ==
          (size == rootfs_only.size()));
  }
}

}  // namespace kata
