// SPDX-License-Identifier: Apache-2.0
#include "programs/containerd-shim-kata-v2/create_request.h"

#include <doctest/doctest.h>

using namespace kata;
using namespace kata::shim_v2;

TEST_CASE("a request that names no place of its own is refused") {
  containerd::task::CreateTaskRequest request;
  request.set_id("c1");
  request.set_bundle("/b");
  CHECK(check_create_request(request).ok());
  request.set_bundle("b");
  CHECK_FALSE(check_create_request(request).ok());
  request.set_bundle("/b");
  request.set_id("..");
  CHECK_FALSE(check_create_request(request).ok());
  request.set_id("c1");
  request.set_checkpoint("/c");
  CHECK(check_create_request(request).error().code == ErrorCode::kUnsupported);
}

TEST_CASE("a shim serves one sandbox and its containers only") {
  CHECK(check_placement({"c1", true}, "").ok());
  CHECK(check_placement({"p1", false}, "p1").ok());
  CHECK_FALSE(check_placement({"c1", true}, "p1").ok());
  CHECK_FALSE(check_placement({"p1", false}, "").ok());
  CHECK_FALSE(check_placement({"p1", false}, "p2").ok());
}

TEST_CASE("a container joins the sandbox that stands alone unless it names another") {
  const StandaloneSandbox standalone{"p1", {}};
  const auto joined = placement_beside({"c1", true}, &standalone);
  CHECK(joined.sandbox_id == "p1");
  CHECK_FALSE(joined.new_sandbox);
  CHECK(placement_beside({"p2", false}, &standalone).sandbox_id == "p2");
  CHECK(placement_beside({"c1", true}, nullptr).new_sandbox);
}
