// SPDX-License-Identifier: Apache-2.0
//
// A run directory with records of containers that look alive, and the verbs that read it.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <stdexcept>
#include <string>

#include "kata/child_process.h"
#include "programs/kata-runtime/verbs.h"
#include "sandbox/store.h"
#include "tests/unit/kata-runtime/temp_dir.h"

namespace kata::test {

inline const runtime::Verb& verb_named(std::string_view name) {
  for (const runtime::Verb& verb : runtime::all_verbs())
    if (verb.name == name) return verb;
  throw std::runtime_error("no such verb");
}

inline sandbox::ProcessRef ourselves() {
  return {::getpid(), process_start_time(::getpid()).take()};
}

// What a piece of code writes to standard output.
template <class Work>
std::string printed_by(const TempDir& dir, Work work) {
  std::fflush(stdout);
  const int before = ::dup(STDOUT_FILENO);
  const std::string file = dir / "printed";
  REQUIRE(std::freopen(file.c_str(), "w", stdout) != nullptr);
  work();
  std::fflush(stdout);
  ::dup2(before, STDOUT_FILENO);
  ::close(before);
  return read_text(file);
}

struct RuntimeStage {
  RuntimeStage() { globals.root = dir / "r"; }

  // The test itself plays the shim and the proxy.
  sandbox::ContainerRecord add_container(const std::string& id, const std::string& status) {
    REQUIRE(store().reserve(id).ok());
    sandbox::ContainerRecord record;
    record.id = record.sandbox_id = id;
    record.bundle = "/b";
    record.status = status;
    record.created = "2026-01-01T00:00:00.000000000Z";
    record.shim = ourselves();
    REQUIRE(store().save(record).ok());
    sandbox::SandboxRecord sandbox;
    sandbox.id = id;
    sandbox.proxy = ourselves();
    sandbox.vmm = ourselves();
    REQUIRE(store().save(sandbox).ok());
    return record;
  }
  void end_container(const std::string& id) {
    auto record = store().load_container(id).take();
    record.shim = {};
    REQUIRE(store().save(record).ok());
  }

  sandbox::Store store() const { return globals.store(); }
  std::filesystem::path proxy_socket(const std::string& id) const {
    return store().directory(id) / "proxy.sock";
  }

  struct Outcome {
    Result<int> code = 0;
    std::string out{};
  };
  Outcome run(const char* verb, const runtime::Words& words) const {
    Outcome outcome;
    outcome.out = printed_by(
        dir, [&] { outcome.code = runtime::run_verb(verb_named(verb), globals, words); });
    return outcome;
  }
  std::string status(const std::string& id) const {
    const std::string text = run("state", {id}).out;
    const std::string key = "\"status\": \"";
    const std::size_t at = text.find(key);
    REQUIRE(at != std::string::npos);
    return text.substr(at + key.size(), text.find('"', at + key.size()) - at - key.size());
  }

  TempDir dir{};
  runtime::Globals globals{};
};

}  // namespace kata::test
