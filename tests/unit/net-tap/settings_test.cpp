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
  CHECK(parse_settings(R"({"internetworking_model":"macvtap"})").value().model == Model::kMacvtap);
}

TEST_CASE("rates are bit/s and 0 is no limit") {
  const Settings none = parse_settings(R"({"rx_rate_limiter_max_rate":0})").value();
  CHECK(none.guest_receives == 0);
  const Settings both =
      parse_settings(R"({"rx_rate_limiter_max_rate":1000000,"tx_rate_limiter_max_rate":8000})")
          .value();
  CHECK(both.guest_receives == 1'000'000);
  CHECK(both.guest_sends == 8000);
}

TEST_CASE("a rate that cannot be kept is refused by its key") {
  for (const char* rate : {"-1", "7999", "16000000001", "9223372036854775807", "2e50"}) {
    const auto parsed = parse_settings(std::string(R"({"tx_rate_limiter_max_rate":)") + rate + "}");
    REQUIRE(!parsed.ok());
    CHECK(parsed.error().message.starts_with("tx_rate_limiter_max_rate = "));
  }
}

TEST_CASE("rates need the model tcfilter") {
  for (const char* model : {"macvtap", "none"})
    CHECK(!parse_settings(std::string(R"({"rx_rate_limiter_max_rate":9000,)") +
                          R"("internetworking_model":")" + model + "\"}")
               .ok());
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
