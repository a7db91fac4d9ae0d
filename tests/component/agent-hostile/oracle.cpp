// SPDX-License-Identifier: Apache-2.0
#include "oracle.h"

#include <doctest/doctest.h>
#include <stdio.h>

#include <array>

#include "kata/concat.h"

namespace kata::agent::hostile {

CrunVerdict ask_crun(const std::filesystem::path& bundle) {
  const std::string command =
      concat("exec unshare --mount --propagation private --pid --fork --kill-child --mount-proc ",
             "sh -c 'mount -t cgroup2 cgroup2 /sys/fs/cgroup && timeout -s KILL 5 crun ",
             "--cgroup-manager=disabled --root ", bundle, "/crun run --bundle ", bundle,
             " hostile' </dev/null 2>&1");
  FILE* const pipe = ::popen(command.c_str(), "re");
  REQUIRE(pipe != nullptr);
  CrunVerdict verdict;
  std::array<char, 4096> block;
  for (std::size_t got = 0; (got = ::fread(block.data(), 1, block.size(), pipe)) > 0;)
    verdict.said.append(block.data(), got);
  verdict.runs = ::pclose(pipe) == 0;
  return verdict;
}

}  // namespace kata::agent::hostile
