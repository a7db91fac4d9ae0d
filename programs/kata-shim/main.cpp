// SPDX-License-Identifier: Apache-2.0
//
// kata-shim: one process a container or exec; its pid is the OCI pid. See --help.
#include <unistd.h>

#include <cstdio>

#include "programs/kata-shim/options.h"
#include "programs/kata-shim/shim.h"

int main(int argc, char** argv) {
  const auto options = kata::shim::parse_options(argc, argv);
  if (!options.ok()) {
    std::fprintf(stderr, "kata-shim: %s\n", options.error().message.c_str());
    return 2;
  }
  if (!options.value().message.empty()) {
    std::fputs(options.value().message.c_str(), stdout);
    return 0;
  }
  // The caller's directory may be on a mount that must go while the workload runs.
  if (::chdir("/") != 0) std::perror("kata-shim: change to '/'");
  const int code = kata::shim::run(options.value());
  std::fflush(nullptr);
  ::_exit(code);  // a thread may still block in read(2) on stdin
}
