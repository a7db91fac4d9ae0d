// SPDX-License-Identifier: Apache-2.0
#include "agent/container_table.h"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>

using namespace kata;
using namespace kata::agent;

namespace {

struct Stage {
  boost::asio::io_context loop;
  StorageTable storages{{[](std::string_view) { return Result<void>(); }}};
  ContainerTable table;

  std::shared_ptr<Process> process() {
    return std::make_shared<Process>(loop.get_executor(), 1, make_pipes(0).take().agent);
  }
  Container& add(const std::string& id) {
    auto container = std::make_unique<Container>(id, StorageReferences(storages), Bundle());
    container->init = process();
    return table.insert(std::move(container));
  }
};

}  // namespace

TEST_CASE("the init process has two names") {
  Stage stage;
  Container& container = stage.add("c1");
  CHECK(stage.table.find_process("c1", "").value() == container.init);
  CHECK(stage.table.find_process("c1", "c1").value() == container.init);
}

TEST_CASE("unknown ids give the errors that hosts look for") {
  Stage stage;
  stage.add("c1");
  const auto no_container = stage.table.find_process("c2", "");
  CHECK(no_container.error().code == ErrorCode::kInvalidArgument);
  CHECK(no_container.error().message == "Invalid container id");
  const auto no_exec = stage.table.find_process("c1", "e1");
  CHECK(no_exec.error().code == ErrorCode::kNotFound);
  CHECK(no_exec.error().message == "Process not found: invalid exec id");
}

TEST_CASE("a fetched status hides the process but not its output") {
  Stage stage;
  Container& container = stage.add("c1");
  container.init->exited(0);
  container.init->collect();
  const auto gone = stage.table.find_process("c1", "");
  CHECK(gone.error().code == ErrorCode::kNotFound);
  CHECK(gone.error().message == "Process not found: init process missing");
  CHECK(stage.table.find_streams("c1", "").ok());
  stage.loop.run();  // the grace passes: nothing was left in the pipes
  CHECK_FALSE(stage.table.find_streams("c1", "").ok());
}

TEST_CASE("an exec is forgotten when nothing of it is left to fetch") {
  Stage stage;
  Container& container = stage.add("c1");
  container.execs.emplace("e1", stage.process());
  stage.table.tidy("c1", "e1");
  CHECK(stage.table.find_process("c1", "e1").ok());
  container.execs.at("e1")->exited(0);
  container.execs.at("e1")->collect();
  stage.loop.run();
  stage.table.tidy("c1", "e1");
  CHECK(container.execs.empty());
}

TEST_CASE("a stored specification is given back whole or refused") {
  for (const char* hostname : {"box", "", "\xff"}) {
    grpc::Spec spec;
    spec.set_hostname(hostname);
    spec.mutable_linux()->mutable_seccomp()->set_defaultaction("SCMP_ACT_ERRNO");
    StoredSpec stored;
    const bool kept = stored.set(spec).ok();
    if (*hostname != '\xff') CHECK(kept);
    if (!kept) continue;
    CHECK(stored.get().SerializeAsString() == spec.SerializeAsString());
  }
}

TEST_CASE("container ids are safe file names") {
  for (const char* id : {"a", "A1", "0_", "a.b-c_D", "9f86d081884c7d65", "_a", "+", "-a", ".a", "..."})
    CHECK(is_container_id(id));
  for (const char* id : {"", ".", "..", "a/b", "a b", "a\n", "../x", "é1", "a%"}) {
    CAPTURE(id);
    CHECK_FALSE(is_container_id(id));
  }
  CHECK(is_container_id(std::string(255, 'a')));
  CHECK_FALSE(is_container_id(std::string(256, 'a')));
}
