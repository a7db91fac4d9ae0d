// SPDX-License-Identifier: Apache-2.0
//
// The texts that the virtiofs plugin reads: mountinfo, the record of its daemon, extra arguments,
// the output of --version. Needs kata::virtiofs.
#include <cstdlib>
#include <string>
#include <string_view>

#include "plugins/fs-virtiofs/daemon_flavour.h"
#include "plugins/fs-virtiofs/daemon_record.h"
#include "plugins/fs-virtiofs/settings.h"
#include "plugins/share-tree/mount_table.h"

using namespace kata::virtiofs;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

// Whatever was accepted must not name what decides about the sandbox.
void check_extra_args(const std::string& argument) {
  const auto options = parse_extra_args({argument, "value"});
  if (!options.ok()) return;
  for (const DaemonOption& option : options.value())
    for (const std::string_view forbidden :
         {"sandbox", "seccomp", "source", "shared-dir", "fd", "socket-path", "modcaps"})
      check(option.name != forbidden);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const std::string& name : kata::share::mounts_below(text, "/run/k")) check(!name.empty());
  (void)flavour_of(text);
  (void)parse_settings(text);
  const auto record = record_from_json(text);
  if (record.ok()) check(record_from_json(to_json(record.value())).value() == record.value());
  check_extra_args(text);
  return 0;
}
