// SPDX-License-Identifier: Apache-2.0
#include "core/base/log.h"

#include <atomic>

namespace kata::log {
namespace {
std::atomic<Sink*> g_sink{nullptr};
std::atomic<Level> g_threshold{Level::kInfo};
}  // namespace

void set_sink(Sink* sink, Level threshold) noexcept {
  g_threshold = threshold;
  g_sink = sink;
}

bool enabled(Level level) noexcept { return g_sink != nullptr && level >= g_threshold.load(); }

void write(Level level, std::string_view message, std::initializer_list<Field> fields) noexcept {
  if (enabled(level)) g_sink.load()->write(level, message, fields);
}

}  // namespace kata::log
