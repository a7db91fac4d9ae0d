// SPDX-License-Identifier: Apache-2.0
//
// SIGKILL of one program at its Nth side effect, and what must hold of a container afterwards.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/integration/harness/runtime.h"
#include "tests/network_namespace.h"

namespace kata::test {

// A verb during which the first process that executes `program` ("kata-runtime", "kata-proxy",
// "kata-shim") is killed before its side effect number `at`; 0: it is only counted. The program may
// outlive the verb and die, or be killed, during a later one.
class KillAt {
 public:
  KillAt(const Runtime& runtime, const std::string& program, unsigned long at,
         const std::vector<std::string>& verb);

  int exit_code();          // the verb's, when it has ended; -1: not within a minute
  unsigned long effects();  // of the program, when it has ended; 0: not within ten seconds

 private:
  long word_after(const std::string& name, std::chrono::seconds patience) const;

  std::filesystem::path report_;
  Background tracer_;
};

// `wanted` of 1…total, the first and the last among them; KATA_TEST_CRASH_POINTS: so many instead,
// or "all".
std::vector<unsigned long> crash_points(unsigned long total, unsigned long wanted);

// A runtime whose containers run in a pod with one link.
class CrashStage {
 public:
  enum class Vmm { kFake, kQemu };
  explicit CrashStage(Vmm vmm);

  const Runtime& runtime() const { return runtime_; }
  std::vector<std::string> create_verb() const;

  // Brings "c1" to this status: "", "created", "running", "paused" or "stopped".
  void bring_to(const std::string& status) const;

  // `state` is true, or says that there is no container or that its record is damaged, `delete
  // --force` works twice, each in time, and nothing is left on the host or in the pod.
  void check_clean_up() const;

 private:
  void check_state() const;
  std::string links_of_pod() const;

  NetworkNamespace pod_{};
  Runtime runtime_{};
  std::string links_before_{};
};

}  // namespace kata::test
