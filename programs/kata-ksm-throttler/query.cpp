// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-ksm-throttler/query.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "core/config/load.h"
#include "kata/concat.h"
#include "ksm.pb.h"
#include "programs/kata-ksm-throttler/picture.h"
#include "programs/kata-ksm-throttler/run_directory.h"
#include "protocol/ttrpc/blocking_client.h"

namespace kata::throttler {

namespace api = kata::ksm::api;

namespace {

constexpr const char* kService = "kata.ksm.api.Throttler";
constexpr std::chrono::seconds kPatience{5};
constexpr std::uint64_t kMib = 1U << 20;
constexpr std::size_t kLabelWidth = 14;

std::uint64_t saved_bytes(const api::StatusResponse& status) {
  return (status.pages_sharing() + status.zero_pages()) * status.page_size();
}

std::string line(std::string_view label, std::string_view value) {
  std::string text = concat(label, ':');
  text.resize(std::max<std::size_t>(text.size() + 1, kLabelWidth), ' ');
  return concat(text, value, '\n');
}

std::string cpu_seconds(const api::StatusResponse& status) {
  const auto hundredths = status.scanner_cpu_ms() / 10;
  const auto rest = std::to_string(hundredths % 100);
  return concat(hundredths / 100, rest.size() == 1 ? ".0" : ".", rest);
}

std::string picture(const api::StatusResponse& status) {
  std::vector<SavedMemory> points;
  for (const api::Point& point : status.history())
    points.push_back({std::chrono::milliseconds(point.at_ms()), point.saved_bytes()});
  return picture_of(points);
}

std::string as_text(const api::StatusResponse& status) {
  const std::string next = status.next_tick_ms() < 0
                               ? std::string("none, asleep until a kick")
                               : concat("in ", (status.next_tick_ms() + 999) / 1000, " s");
  std::string text =
      line("plugin", status.plugin()) + line("mode", status.mode()) + line("next step", next) +
      line("saved", concat(saved_bytes(status) / kMib, " MiB (", status.pages_sharing(),
                           " pages, and ", status.zero_pages(), " empty ones)"));
  if (status.has_profit_bytes())
    text += line("profit", concat(status.profit_bytes() / static_cast<std::int64_t>(kMib),
                                  " MiB, the kernel's bookkeeping deducted"));
  text += line("kept once", concat(status.pages_shared(), " pages"));
  if (status.has_scanner_cpu_ms())
    text += line("ksmd", concat(cpu_seconds(status), " s of CPU time since boot"));
  text += line("full scans", std::to_string(status.full_scans())) +
          line("kicks", std::to_string(status.kicks())) +
          line("failures", std::to_string(status.failures()));
  const std::string bars = picture(status);
  return bars.empty() ? text : concat(text, '\n', bars);
}

std::string metric(std::string_view name, std::string_view type, std::string_view help,
                   std::string_view value) {
  return concat("# HELP ", name, ' ', help, "\n# TYPE ", name, ' ', type, '\n', name, ' ', value,
                '\n');
}

std::string metric(std::string_view name, std::string_view type, std::string_view help,
                   std::uint64_t value) {
  return metric(name, type, help, std::to_string(value));
}

std::string as_metrics(const api::StatusResponse& status) {
  std::string text =
      metric("kata_ksm_saved_bytes", "gauge", "Memory that merging saves.", saved_bytes(status)) +
      metric("kata_ksm_pages_shared", "gauge", "Merged pages that are kept once.",
             status.pages_shared()) +
      metric("kata_ksm_pages_sharing", "gauge", "Pages that were given up for a shared one.",
             status.pages_sharing()) +
      metric("kata_ksm_zero_pages", "gauge", "Pages that were given up for the zero page.",
             status.zero_pages()) +
      metric("kata_ksm_full_scans_total", "counter", "Passes of ksmd over all memory.",
             status.full_scans()) +
      metric("kata_ksm_active", "gauge", "1 while a step of the policy is to come.",
             status.next_tick_ms() < 0 ? 0U : 1U) +
      metric("kata_ksm_kicks_total", "counter", "Kicks since the daemon's start.", status.kicks()) +
      metric("kata_ksm_ticks_total", "counter", "Steps of the policy since the daemon's start.",
             status.ticks()) +
      metric("kata_ksm_failures_total", "counter", "Steps that failed.", status.failures());
  if (status.has_profit_bytes())
    text += metric("kata_ksm_profit_bytes", "gauge", "Savings less the kernel's bookkeeping.",
                   std::to_string(status.profit_bytes()));
  if (status.has_scanner_cpu_ms())
    text += metric("kata_ksm_scanner_cpu_seconds_total", "counter", "CPU time of ksmd.",
                   cpu_seconds(status));
  return text;
}

Result<std::filesystem::path> run_directory(const Options& options) {
  if (options.run_directory) return *options.run_directory;
  const auto file = KATA_TRY(config::find_config_file(options.config), "");
  return KATA_TRY(config::load_config(file), "").dedup.run_directory;
}

}  // namespace

Result<std::string> ask(const Options& options) {
  const auto directory = KATA_TRY(run_directory(options), "");
  auto client = KATA_TRY(ttrpc::BlockingClient::connect(socket_in(directory)),
                         "is 'kata-ksm-throttler run' running?");
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  if (options.verb == "kick") {
    KATA_TRY(ttrpc::call<api::KickResponse>(client, kService, "Kick", api::KickRequest(), deadline),
             "");
    return std::string();
  }
  const auto status = KATA_TRY(
      ttrpc::call<api::StatusResponse>(client, kService, "Status", api::StatusRequest(), deadline),
      "");
  return options.verb == "status" ? as_text(status) : as_metrics(status);
}

}  // namespace kata::throttler
