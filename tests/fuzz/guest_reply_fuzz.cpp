// SPDX-License-Identifier: Apache-2.0
//
// What a guest's agent could answer to `ps`, `metrics` and `events`: nothing of it may break a line
// or reach a terminal as a control character.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "programs/kata-runtime/guest_process.h"
#include "programs/kata-runtime/ps_format.h"
#include "programs/kata-runtime/stats_json.h"
#include "sandbox/guest_metrics.h"

namespace {

void require_printable(std::string_view text, std::string_view but) {
  for (const char c : text) {
    const bool control = static_cast<unsigned char>(c) < ' ' || c == 0x7f;
    if (control && but.find(c) == std::string_view::npos) std::abort();
  }
}

void list_processes(std::string_view text) {
  using namespace kata::runtime;
  const auto processes = parse_guest_processes(text);
  if (!processes.ok()) return;
  for (const Words& options :
       {Words{}, Words{"-o", "pid,ppid,uid,user,state,tty,stime,etime,time,c,pcpu,comm,args"}}) {
    const std::string table =
        ps_table(ps_columns(options).take(), processes.value(), 1'700'000'000);
    require_printable(table, "\n");
    const auto lines = std::count(table.begin(), table.end(), '\n');
    if (lines != static_cast<std::ptrdiff_t>(processes.value().size()) + 1) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  list_processes(text);
  require_printable(kata::sandbox::guest_metrics(text), "\n");
  grpc::StatsContainerResponse stats;
  if (stats.ParseFromArray(data, static_cast<int>(size)))
    require_printable(kata::runtime::stats_event("c1", stats), "");
  return 0;
}
