// SPDX-License-Identifier: Apache-2.0
//
// How much memory merging has saved, over time: the latest points, at least a second apart.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>

namespace kata::throttler {

struct SavedMemory {
  std::chrono::milliseconds at{};  // CLOCK_MONOTONIC
  std::uint64_t bytes = 0;
  friend bool operator==(const SavedMemory&, const SavedMemory&) = default;
};

class History {
 public:
  static constexpr std::size_t kMost = 360;
  static constexpr std::chrono::seconds kApart{1};

  // A point closer to the one before replaces its value.
  void add(SavedMemory point) {
    if (!points_.empty() && point.at - points_.back().at < kApart) {
      points_.back().bytes = point.bytes;
      return;
    }
    points_.push_back(point);
    if (points_.size() > kMost) points_.pop_front();
  }
  const std::deque<SavedMemory>& points() const noexcept { return points_; }

 private:
  std::deque<SavedMemory> points_{};
};

}  // namespace kata::throttler
