// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-ksm-throttler/picture.h"

#include <doctest/doctest.h>

#include <vector>

using namespace kata::throttler;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr std::uint64_t kMib = 1 << 20;

std::string repeated(const char* text, int times) {
  std::string all;
  while (times-- > 0) all += text;
  return all;
}

}  // namespace

TEST_CASE("a picture has one bar for each part of the time and holds the last value") {
  const std::vector<SavedMemory> points{
      {seconds(0), 0}, {seconds(32), 50 * kMib}, {seconds(48), 100 * kMib}, {seconds(64), 0}};
  CHECK(picture_of(points) == "saved over the last 64 s, at most 100 MiB:\n|" + repeated(" ", 31) +
                                  repeated("▄", 16) + repeated("█", 16) + " |\n");
}

TEST_CASE("a little memory saved is never drawn as nothing") {
  const std::vector<SavedMemory> points{{seconds(0), 1}, {seconds(200), 1000 * kMib}};
  const std::string picture = picture_of(points);
  CHECK(picture.starts_with("saved over the last 3 min 20 s, at most 1000 MiB:\n|▁"));
  CHECK(picture.ends_with("█|\n"));
}

TEST_CASE("there is no picture of nothing") {
  CHECK(picture_of({}).empty());
  CHECK(picture_of(std::vector<SavedMemory>{{seconds(1), kMib}}).empty());
  CHECK(picture_of(std::vector<SavedMemory>{{seconds(1), 0}, {seconds(2), 0}}).empty());
  CHECK(picture_of(std::vector<SavedMemory>{{seconds(1), 1}, {seconds(1), 1}}).empty());
}

TEST_CASE("a history keeps the latest points and no two within a second") {
  History history;
  history.add({milliseconds(0), 1});
  history.add({milliseconds(999), 2});
  CHECK(history.points().size() == 1);
  CHECK(history.points().back() == SavedMemory{milliseconds(0), 2});
  for (int at = 1; at <= 1000; ++at) history.add({seconds(at), 3});
  CHECK(history.points().size() == History::kMost);
  CHECK(history.points().back().at == seconds(1000));
}
