// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-ksm-throttler/query.h"

#include "kata/concat.h"
#include "ksm.pb.h"
#include "programs/kata-ksm-throttler/run_directory.h"
#include "protocol/ttrpc/blocking_client.h"

namespace kata::throttler {

namespace api = kata::ksm::api;

namespace {

constexpr const char* kService = "kata.ksm.api.Throttler";
constexpr std::chrono::seconds kPatience{5};
constexpr std::uint64_t kMib = 1U << 20;

std::string as_text(const api::StatusResponse& status) {
  const std::string next = status.next_tick_ms() < 0
                               ? std::string("none, asleep until a kick")
                               : concat("in ", status.next_tick_ms() / 1000, " s");
  return concat("plugin:       ", status.plugin(), "\nmode:         ", status.mode(),
                "\nsaved:        ", status.pages_sharing() * status.page_size() / kMib, " MiB (",
                status.pages_sharing(), " pages)\nkept once:    ", status.pages_shared(),
                " pages\nfull scans:   ", status.full_scans(), "\nkicks:        ", status.kicks(),
                "\nfailures:     ", status.failures(), "\nnext step:    ", next, "\n");
}

std::string metric(const char* name, const char* type, const char* help, std::uint64_t value) {
  return concat("# HELP ", name, " ", help, "\n# TYPE ", name, " ", type, "\n", name, " ", value,
                "\n");
}

std::string as_metrics(const api::StatusResponse& status) {
  return metric("kata_ksm_saved_bytes", "gauge", "Memory that merging saves.",
                status.pages_sharing() * status.page_size()) +
         metric("kata_ksm_pages_shared", "gauge", "Merged pages that are kept once.",
                status.pages_shared()) +
         metric("kata_ksm_pages_sharing", "gauge", "Pages that were given up for a shared one.",
                status.pages_sharing()) +
         metric("kata_ksm_full_scans_total", "counter", "Passes of ksmd over all memory.",
                status.full_scans()) +
         metric("kata_ksm_kicks_total", "counter", "Kicks since the daemon's start.",
                status.kicks()) +
         metric("kata_ksm_ticks_total", "counter", "Steps down since the daemon's start.",
                status.ticks()) +
         metric("kata_ksm_failures_total", "counter", "Steps that failed.", status.failures());
}

}  // namespace

Result<std::string> ask(const Options& options) {
  auto client = KATA_TRY(ttrpc::BlockingClient::connect(socket_in(options.run_directory)),
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
