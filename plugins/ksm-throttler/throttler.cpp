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
  return std::make_unique<Throttler>(context.host,
                                     KATA_TRY(parse_settings(context.config_json), ""),
                                     context.state_dir, context.saved_state);
}

Throttler::Throttler(plugin::Host& host, Settings settings, const std::filesystem::path& state_dir,
                     std::string_view predecessor)
    : host_(host),
      settings_(std::move(settings)),
      directory_(settings_.sysfs),
      host_settings_(directory_, state_dir / "host-settings.json"),
      has_predecessor_(!predecessor.empty()),
      ksmd_(find_ksmd(settings_.proc)),
      rung_(predecessor == name_of(Rung::kAside) ? Rung::kAside : Rung::kHost) {}

Result<void> Throttler::check_host() { return directory_.check(); }

Result<MemoryDedup::Next> Throttler::start(TimePoint now) {
  KATA_TRY(host_settings_.load(), "");
  KATA_TRY(restore(), "");
  if (has_predecessor_) return Next();
  const LadderStep first = ladder_start(settings_.ladder);
  rung_ = first.rung;
  return first.next ? Next(now + *first.next) : Next();
}

Result<MemoryDedup::Next> Throttler::boost(TimePoint now) {
  if (rung_ == Rung::kAside) return Next();
  if (settings_.policy == Policy::kLadder) return enter(now, ladder_boost(settings_.ladder));
  return follow(now, adaptive_begin(settings_.adaptive, KATA_TRY(sample(now), "")));
}

Result<MemoryDedup::Next> Throttler::tick(TimePoint now) {
  const Rung rung = rung_;
  if (rung == Rung::kAside || rung == Rung::kHost) return Next();
  if (settings_.policy == Policy::kLadder) return enter(now, ladder_down(settings_.ladder, rung));
  if (rung == Rung::kInitial) return boost(now);
  return follow(now, adaptive_step(settings_.adaptive, adaptive_, KATA_TRY(sample(now), "")));
}

Result<DedupStats> Throttler::stats() const {
  DedupStats stats;
  stats.pages_shared = KATA_TRY(directory_.number("pages_shared"), "");
  stats.pages_sharing = KATA_TRY(directory_.number("pages_sharing"), "");
  stats.full_scans = KATA_TRY(directory_.number("full_scans"), "");
  stats.zero_pages = KATA_TRY(zero_pages(), "");
  stats.profit_bytes = KATA_TRY(directory_.optional_signed("general_profit"), "");
  if (const auto spent = ksmd_cpu())
    stats.scanner_cpu_ms = static_cast<std::uint64_t>(spent->count());
  stats.mode = name_of(rung_);
  return stats;
}

// That there was an instance, and whether it left KSM to somebody else.
Result<std::string> Throttler::save_state() const { return std::string(name_of(rung_)); }

Result<void> Throttler::restore() {
  const auto left = KATA_TRY(host_settings_.restore(), "restore the host's KSM settings");
  if (!left.empty())
    host_.log(plugin::Host::Level::kWarn,
              concat("KSM settings ", quoted(left), " below '", settings_.sysfs,
                     "' were changed by somebody else: left as they are"));
  if (rung_ != Rung::kAside) rung_ = Rung::kHost;
  return {};
}

Result<MemoryDedup::Next> Throttler::enter(TimePoint now, LadderStep step) {
  KATA_TRY(set_pace(step.rung), "");
  if (!step.next || rung_ == Rung::kAside) return Next();
  return Next(now + *step.next);
}

Result<MemoryDedup::Next> Throttler::follow(TimePoint now, const AdaptiveState& state) {
  adaptive_ = state;
  if (state.rung != rung_) KATA_TRY(set_pace(state.rung), "");
  const auto period = adaptive_period(settings_.adaptive, state);
  if (!period || rung_ == Rung::kAside) return Next();
  return Next(now + *period);
}

Result<void> Throttler::set_pace(Rung rung) {
  const auto foreign = KATA_TRY(host_settings_.foreign(), "");
  if (!foreign.empty()) return step_aside(foreign);
  if (rung == Rung::kHost || rung == Rung::kRest) {
    KATA_TRY(restore(), "");
  } else {
    const auto writes = KATA_TRY(writes_for(rung), "");
    KATA_TRY(host_settings_.apply(writes), concat("set KSM to ", name_of(rung)));
  }
  rung_ = rung;
  return {};
}

// What is still ours goes back at once: an aggressive pace must not outlive us by years.
Result<void> Throttler::step_aside(const std::vector<std::string>& foreign) {
  rung_ = Rung::kAside;
  host_.log(plugin::Host::Level::kWarn,
            concat("KSM is not throttled any more: somebody else changed ", quoted(foreign),
                   " below '", settings_.sysfs,
                   "'; stop the other one (ksmtuned?), then restart kata-ksm-throttler"));
  return restore();
}

bool Throttler::advised_on(Rung rung) const {
  return rung == Rung::kSlow && settings_.policy == Policy::kAdaptive && settings_.advisor &&
         directory_.has("advisor_mode");
}

// Stopped first: a sleeping ksmd takes a new pace only when it is started again.
Result<std::vector<Write>> Throttler::writes_for(Rung rung) const {
  const Pace& pace = pace_of(settings_.ladder, rung);
  const bool advised = advised_on(rung);
  std::vector<Write> writes{{"run", "0"}};
  KATA_TRY(add_extras(writes, advised), "");
  if (!advised) {
    const auto pages = KATA_TRY(anonymous_pages(settings_.proc), "") / pace.divisor;
    writes.push_back({"pages_to_scan", std::to_string(std::max<std::uint64_t>(pages, 1))});
  }
  writes.push_back({"sleep_millisecs", std::to_string(pace.sleep_ms)});
  writes.push_back({"run", "1"});
  return writes;
}

Result<void> Throttler::add_extras(std::vector<Write>& writes, bool advised) const {
  const auto want = [&](const char* key, std::string value) -> Result<void> {
    if (!directory_.has(key) || KATA_TRY(directory_.read(key), "") == value) return {};
    writes.push_back({key, std::move(value)});
    return {};
  };
  // The kernel refuses pages_to_scan while its advisor is on.
  KATA_TRY(want("advisor_mode", advised ? "scan-time" : "none"), "");
  if (settings_.smart_scan) KATA_TRY(want("smart_scan", "1"), "");
  if (settings_.use_zero_pages) KATA_TRY(want("use_zero_pages", "1"), "");
  return {};
}

Result<std::uint64_t> Throttler::zero_pages() const {
  const auto pages = KATA_TRY(directory_.optional_signed("ksm_zero_pages"), "");
  return static_cast<std::uint64_t>(std::max<std::int64_t>(pages.value_or(0), 0));
}

std::optional<std::chrono::milliseconds> Throttler::ksmd_cpu() const {
  return ksmd_ ? cpu_time(settings_.proc, *ksmd_) : std::nullopt;
}

Result<Sample> Throttler::sample(TimePoint now) const {
  Sample sample;
  sample.at = now;
  const auto zero = KATA_TRY(zero_pages(), "");
  sample.pages_saved = KATA_TRY(directory_.number("pages_sharing"), "") + zero;
  sample.full_scans = KATA_TRY(directory_.number("full_scans"), "");
  sample.general_profit = KATA_TRY(directory_.optional_signed("general_profit"), "");
  sample.cpu_pressure = cpu_pressure(settings_.proc);
  sample.ksmd_cpu = ksmd_cpu();
  return sample;
}

}  // namespace kata::ksm
