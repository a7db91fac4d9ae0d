// SPDX-License-Identifier: Apache-2.0
//
// What the kernel alone takes for the same thing: nothing above it can be faster.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "kata/unique_fd.h"

namespace kata::bench {

// Another process that sends back what it gets, 64 bytes at a time, over AF_UNIX.
class RawEcho {
 public:
  RawEcho();
  ~RawEcho();
  RawEcho(const RawEcho&) = delete;
  RawEcho& operator=(const RawEcho&) = delete;

  void round_trip() const;

 private:
  UniqueFd stream_{};
  pid_t child_ = -1;
};

// Starts a program by vfork and waits for its end; stdio is /dev/null. Fails the bench when the
// program fails. What it used.
rusage run_and_wait(const std::vector<std::string>& argv);

// MiB/s through a pipe between two processes, 64 KiB a write.
double pipe_rate(std::size_t mebibytes);

}  // namespace kata::bench
