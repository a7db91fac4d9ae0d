// SPDX-License-Identifier: Apache-2.0
#include "settings.h"

#include <doctest/doctest.h>

using namespace kata;
using namespace kata::tap;

TEST_CASE("the default model is tcfilter") {
  CHECK(parse_settings("{}").value().model == Model::kTcFilter);
}

TEST_CASE("models are named as Kata names them") {
  CHECK(parse_settings(R"({"internetworking_model":"tcfilter"})").value().model ==
        Model::kTcFilter);
  CHECK(parse_settings(R"({"internetworking_model":"none"})").value().model == Model::kNone);
}

TEST_CASE("macvtap is refused by its key") {
  const auto parsed = parse_settings(R"({"internetworking_model":"macvtap"})");
  REQUIRE(!parsed.ok());
  CHECK(parsed.error().code == ErrorCode::kUnsupported);
  CHECK(parsed.error().message.find("internetworking_model") == 0);
}

TEST_CASE("an unknown model is refused") {
  const auto parsed = parse_settings(R"({"internetworking_model":"bridged"})");
  REQUIRE(!parsed.ok());
  CHECK(parsed.error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE("disable_new_netns needs the model none") {
  CHECK(!parse_settings(R"({"disable_new_netns":true})").ok());
  CHECK(parse_settings(R"({"disable_new_netns":true,"internetworking_model":"none"})").ok());
  CHECK(parse_settings(R"({"disable_new_netns":false})").ok());
}

TEST_CASE("what is not JSON is an error") { CHECK(!parse_settings("{").ok()); }
