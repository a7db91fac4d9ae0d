// SPDX-License-Identifier: Apache-2.0
#include "daemon_record.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

#include "kata/child_process.h"

using namespace kata::virtiofs;

namespace {

struct TemporaryDirectory {
  std::filesystem::path path = "/tmp/kata-virtiofs-XXXXXX";
  TemporaryDirectory() {
    std::string name = path;
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path); }
};

}  // namespace

TEST_CASE("a record survives its text") {
  const DaemonRecord record{4711, 123456789012345};
  CHECK(record_from_json(to_json(record)).value() == record);
  CHECK(record_from_json(to_json({})).value() == DaemonRecord{});
}

TEST_CASE("damaged records are refused") {
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("[]"), std::string("null"),
        std::string(R"({"pid":1,"start_time":1})"), std::string(R"({"pid":-5,"start_time":1})"),
        std::string(R"({"pid":4294967295,"start_time":1})"),
        std::string(R"({"pid":"5","start_time":1})"), std::string(R"({"pid":5})"),
        std::string(R"({"pid":5.5,"start_time":1})"), std::string(300, ' '),
        std::string(200, '[')}) {
    CAPTURE(text);
    CHECK_FALSE(record_from_json(text).ok());
  }
}

TEST_CASE("a directory without a record has none and one with a link in its place is refused") {
  const TemporaryDirectory directory;
  CHECK(read_record(directory.path).value() == DaemonRecord{});
  const DaemonRecord record{4711, 99};
  REQUIRE(write_record(directory.path, record).ok());
  CHECK(read_record(directory.path).value() == record);
  REQUIRE(remove_record(directory.path).ok());
  REQUIRE(remove_record(directory.path).ok());
  CHECK(std::filesystem::is_empty(directory.path));
  std::filesystem::create_symlink("/proc/self/stat", directory.path / "daemon");
  CHECK_FALSE(read_record(directory.path).ok());
}

TEST_CASE("only the recorded process is killed and not one that got its pid") {
  auto child = kata::ChildProcess::spawn({.argv = {"/bin/sleep", "30"}});
  REQUIRE(child.ok());
  const auto start_time = kata::process_start_time(child.value().pid()).value();
  const auto soon = [] { return std::chrono::steady_clock::now() + std::chrono::milliseconds(50); };
  REQUIRE(kill_recorded({child.value().pid(), start_time + 1}).ok());
  CHECK_FALSE(child.value().wait(soon()).value().has_value());
  REQUIRE(kill_recorded({child.value().pid(), start_time}).ok());
  const auto later = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  CHECK(child.value().wait(later).value().has_value());
}
