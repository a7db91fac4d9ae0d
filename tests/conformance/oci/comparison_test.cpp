// SPDX-License-Identifier: Apache-2.0
//
// The judge of the table, without any runtime.
#include <doctest/doctest.h>

#include "tests/conformance/oci/comparison.h"

using namespace kata::conformance;

namespace {

Comparison outcomes(const Outcome& ours, const Outcome& crun) {
  Comparison comparison;
  comparison.ours = ours;
  comparison.peers["crun"] = crun;
  return comparison;
}

Outcome printed(std::string text, int code = 0) { return {true, code, std::move(text), ""}; }
Outcome refusal(std::string why) { return {false, -1, "", std::move(why)}; }

}  // namespace

TEST_CASE("equal outcomes are no complaint") {
  CHECK(complaints(Row(), outcomes(printed("a\n"), printed("a\n"))).empty());
}

TEST_CASE("another text another exit code and another verdict are complaints") {
  CHECK(complaints(Row(), outcomes(printed("a\n"), printed("b\n"))).size() == 1);
  CHECK(complaints(Row(), outcomes(printed("a\n"), printed("a\n", 1))).size() == 1);
  CHECK(complaints(Row(), outcomes(printed("a\n"), refusal("no"))).size() == 1);
}

TEST_CASE("an explained difference is none and its end is a complaint") {
  Row row;
  row.differs["crun"] = "because";
  CHECK(complaints(row, outcomes(printed("a\n"), printed("b\n"))).empty());
  CHECK(complaints(row, outcomes(printed("a\n"), printed("a\n"))).size() == 1);
}

TEST_CASE("refusals are equal whatever they say but ours must say its words") {
  Row row;
  row.refused = true;
  row.says = "cwd";
  CHECK(complaints(row, outcomes(refusal("process.cwd: no"), refusal("other"))).empty());
  CHECK(complaints(row, outcomes(refusal("no"), refusal("other"))).size() == 1);
  CHECK(complaints(row, outcomes(printed("a\n"), refusal("other"))).size() >= 2);
}

TEST_CASE("a probe that prints nothing proves nothing") {
  CHECK(complaints(Row(), outcomes(printed(""), printed(""))).size() == 1);
}

TEST_CASE("what the row expects binds ours even when the peer agrees") {
  Row row;
  row.expect = "b\n";
  CHECK(complaints(row, outcomes(printed("a\n"), printed("a\n"))).size() == 1);
}

TEST_CASE("the properties of a page are those that the table wrote") {
  Row one, other;
  one.idea = other.idea = "Mounts";
  one.name = "ro";
  other.name = "rw";
  const auto same = outcomes(printed("a\n"), printed("a\n"));
  const std::string page = markdown_table({one, other}, {same, same});
  CHECK(properties_in(page) == std::vector<std::string>{"Mounts: ro", "Mounts: rw"});
}
