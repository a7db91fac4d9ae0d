// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-ksm-throttler/picture.h"

#include <algorithm>
#include <array>

#include "kata/concat.h"

namespace kata::throttler {

namespace {

constexpr std::size_t kColumns = 64;
constexpr std::uint64_t kMib = 1U << 20;
constexpr std::array<const char*, 9> kBars{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

std::string words_of(std::chrono::milliseconds time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time).count();
  if (seconds < 120) return concat(seconds, " s");
  const auto minutes = seconds / 60;
  if (minutes < 120) return concat(minutes, " min ", seconds % 60, " s");
  return concat(minutes / 60, " h ", minutes % 60, " min");
}

// Nothing is drawn only where nothing is saved.
const char* bar_of(std::uint64_t bytes, std::uint64_t top) {
  constexpr std::uint64_t kSteps = kBars.size() - 1;
  const double share = static_cast<double>(bytes) / static_cast<double>(top);
  const auto step = static_cast<std::uint64_t>(share * static_cast<double>(kSteps) + 0.5);
  return kBars.at(bytes == 0 ? 0 : std::clamp<std::uint64_t>(step, 1, kSteps));
}

}  // namespace

std::string picture_of(std::span<const SavedMemory> points) {
  if (points.size() < 2) return {};
  const auto span = points.back().at - points.front().at;
  const auto highest = std::max_element(
      points.begin(), points.end(), [](const auto& a, const auto& b) { return a.bytes < b.bytes; });
  const std::uint64_t top = highest->bytes;
  if (top == 0 || span <= span.zero()) return {};
  std::string bars;
  std::size_t at = 0;
  for (std::size_t column = 0; column < kColumns; ++column) {
    const auto time = points.front().at + span * (column + 1) / kColumns;
    while (at + 1 < points.size() && points[at + 1].at <= time) ++at;
    bars += bar_of(points[at].bytes, top);
  }
  return concat("saved over the last ", words_of(span), ", at most ", top / kMib, " MiB:\n|", bars,
                "|\n");
}

}  // namespace kata::throttler
