// SPDX-License-Identifier: Apache-2.0
#include "throttler.h"

#include <algorithm>
#include <utility>

#include "host_load.h"
#include "kata/concat.h"

namespace kata::ksm {

namespace {

std::string quoted(const std::vector<std::string>& keys) {
  std::string text;
  for (const std::string& key : keys) text += concat(text.empty() ? "'" : ", '", key, "'");
  return text;
}

}  // namespace

Result<std::unique_ptr<Throttler>> Throttler::create(const plugin::Context& context) {
  return std::make_unique<Throttler>(
      context.host, KATA_TRY(parse_settings(context.config_json), ""), context.state_dir);
}

Throttler::Throttler(plugin::Host& host, Settings settings, const std::filesystem::path& state_dir)
    : host_(host),
      settings_(std::move(settings)),
      directory_(settings_.sysfs),
      host_settings_(directory_, state_dir / "host-settings.json") {}

Result<void> Throttler::check_host() { return directory_.check(); }

Result<MemoryDedup::Next> Throttler::start(Deadline now) {
  KATA_TRY(host_settings_.load(), "");
  KATA_TRY(restore(), "");
  return enter(now, ladder_start(settings_.ladder));
}

Result<MemoryDedup::Next> Throttler::boost(Deadline now) {
  if (rung_ == Rung::kAside) return Next();
  if (settings_.policy == Policy::kAdaptive) return begin_adaptive(now, Rung::kAggressive);
  return enter(now, ladder_boost(settings_.ladder));
}

Result<MemoryDedup::Next> Throttler::tick(Deadline now) {
  const Rung rung = rung_;
  if (rung == Rung::kAside || rung == Rung::kHost) return Next();
  if (settings_.policy == Policy::kLadder) return enter(now, ladder_down(settings_.ladder, rung));
  return rung == Rung::kInitial ? begin_adaptive(now, Rung::kStandard) : step_adaptive(now);
}

Result<DedupStats> Throttler::stats() const {
  DedupStats stats;
  stats.pages_shared = KATA_TRY(directory_.number("pages_shared"), "");
  stats.pages_sharing = KATA_TRY(directory_.number("pages_sharing"), "");
  stats.full_scans = KATA_TRY(directory_.number("full_scans"), "");
  stats.mode = name_of(rung_);
  return stats;
}

Result<void> Throttler::restore() {
  const auto left = KATA_TRY(host_settings_.restore(), "restore the host's KSM settings");
  if (!left.empty())
    host_.log(plugin::Host::Level::kWarn,
              concat("KSM settings ", quoted(left), " below '", settings_.sysfs,
                     "' were changed by somebody else: left as they are"));
  if (rung_ != Rung::kAside) rung_ = Rung::kHost;
  return {};
}

Result<MemoryDedup::Next> Throttler::enter(Deadline now, LadderStep step) {
  if (step.rung != Rung::kInitial)
    KATA_TRY(set_pace(step.rung), "");
  else
    rung_ = step.rung;
  if (!step.next || rung_ == Rung::kAside) return Next();
  return Next(now + *step.next);
}

Result<void> Throttler::set_pace(Rung rung) {
  const auto foreign = KATA_TRY(host_settings_.foreign(), "");
  if (!foreign.empty()) {
    host_.log(plugin::Host::Level::kWarn,
              concat("KSM is not throttled any more: somebody else changed ", quoted(foreign),
                     " below '", settings_.sysfs,
                     "'; stop the other one (ksmtuned?), then restart "
                     "kata-ksm-throttler"));
    rung_ = Rung::kAside;
    return {};
  }
  if (rung == Rung::kHost) return restore();
  const auto writes = KATA_TRY(writes_for(rung), "");
  KATA_TRY(host_settings_.apply(writes), concat("set KSM to ", name_of(rung)));
  rung_ = rung;
  return {};
}

bool Throttler::advises() const {
  return settings_.policy == Policy::kAdaptive && settings_.advisor &&
         directory_.has("advisor_mode");
}

// Stopped first: a sleeping ksmd takes a new pace only when it is started again.
Result<std::vector<Write>> Throttler::writes_for(Rung rung) const {
  const Pace& pace = pace_of(settings_.ladder, rung);
  std::vector<Write> writes{{"run", "0"}};
  KATA_TRY(add_extras(writes), "");
  if (!advises()) {
    const auto pages = KATA_TRY(anonymous_pages(settings_.proc), "") / pace.divisor;
    writes.push_back({"pages_to_scan", std::to_string(std::max<std::uint64_t>(pages, 1))});
  }
  writes.push_back({"sleep_millisecs", std::to_string(pace.sleep_ms)});
  writes.push_back({"run", "1"});
  return writes;
}

Result<void> Throttler::add_extras(std::vector<Write>& writes) const {
  const auto want = [&](const char* key, std::string value) -> Result<void> {
    if (!directory_.has(key) || KATA_TRY(directory_.read(key), "") == value) return {};
    writes.push_back({key, std::move(value)});
    return {};
  };
  // The kernel refuses pages_to_scan while its advisor is on.
  KATA_TRY(want("advisor_mode", advises() ? "scan-time" : "none"), "");
  if (settings_.smart_scan) KATA_TRY(want("smart_scan", "1"), "");
  if (settings_.use_zero_pages) KATA_TRY(want("use_zero_pages", "1"), "");
  return {};
}

Result<MemoryDedup::Next> Throttler::begin_adaptive(Deadline now, Rung rung) {
  adaptive_ = adaptive_begin(KATA_TRY(sample(now), ""), rung);
  return enter(now, {rung, settings_.adaptive.sample});
}

Result<MemoryDedup::Next> Throttler::step_adaptive(Deadline now) {
  adaptive_ = adaptive_step(settings_.adaptive, adaptive_, KATA_TRY(sample(now), ""));
  if (adaptive_.rung == Rung::kHost) return enter(now, {Rung::kHost, std::nullopt});
  return enter(now, {adaptive_.rung, settings_.adaptive.sample});
}

Result<Sample> Throttler::sample(Deadline now) {
  if (!ksmd_) ksmd_ = find_ksmd(settings_.proc);
  Sample sample;
  sample.at = now;
  sample.pages_sharing = KATA_TRY(directory_.number("pages_sharing"), "");
  sample.full_scans = KATA_TRY(directory_.number("full_scans"), "");
  sample.general_profit = KATA_TRY(directory_.optional_signed("general_profit"), "");
  sample.cpu_pressure = cpu_pressure(settings_.proc);
  if (ksmd_) sample.ksmd_cpu = cpu_time(settings_.proc, *ksmd_);
  return sample;
}

}  // namespace kata::ksm
