// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-agent-ctl/console.h"

#include <cstdio>

#include "kata/concat.h"
#include "programs/kata-agent-ctl/render.h"

namespace kata::agentctl {

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void complain(std::string_view message) {
  const std::string line = concat("kata-agent-ctl: ", printable(message), "\n");
  std::fwrite(line.data(), 1, line.size(), stderr);
}

int refuse(const Error& error, int exit_code) {
  complain(error.message);
  return exit_code;
}

}  // namespace kata::agentctl
