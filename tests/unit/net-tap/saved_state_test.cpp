// SPDX-License-Identifier: Apache-2.0
#include "saved_state.h"

#include <doctest/doctest.h>

using namespace kata;
using namespace kata::tap;

TEST_CASE("a state is the same after JSON") {
  const SavedState state{
      "/run/netns/pod",
      4026531840,
      {{"eth\"0", 2, "02:00:00:00:00:01", "tap0_kata", 3, "02:00:00:00:00:02", true, true, "net0"},
       {"eth1", 4, "02:00:00:00:00:03", "tap1_kata", 5, "", false, false, "net7"}}};
  CHECK(state_from_json(to_json(state)).value() == state);
  CHECK(state_from_json(to_json({})).value() == SavedState{});
}

TEST_CASE("a damaged state is an error") {
  for (const char* text : {"", "{", "[]", "{}", R"({"netns":1,"inode":1,"attachments":[]})",
                           R"({"netns":"/x","inode":"1","attachments":[]})",
                           R"({"netns":"/x","inode":1,"attachments":[{}]})",
                           R"({"netns":"/x","inode":1,"attachments":[1]})"})
    CHECK_MESSAGE(!state_from_json(text).ok(), text);
}

TEST_CASE("an index that no link can have is refused") {
  for (const std::string index : {"0", "-1", "1.5", "1e300", "4294967298", "\"2\""}) {
    const std::string text =
        R"({"netns":"/x","inode":1,"attachments":[{"link":"a","link_mac":"b",)"
        R"("tap":"c","tap_index":3,"tap_mac":"d","mirrored":true,"limited":false,"device":"net0","link_index":)";
    CHECK_MESSAGE(!state_from_json(text + index + "}]}").ok(), index);
    CHECK(state_from_json(text + "2}]}").ok());
  }
}

TEST_CASE("a state that is too long is refused before it is parsed") {
  CHECK(!state_from_json(std::string((1U << 20) + 1, ' ')).ok());
}
