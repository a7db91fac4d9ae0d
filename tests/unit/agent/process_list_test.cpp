// SPDX-License-Identifier: Apache-2.0
#include "agent/process_list.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/temporary_directory.h"

using namespace kata;
using namespace kata::agent;

namespace {

struct Proc {
  void add(pid_t pid, const std::string& stat, const std::string& status,
           const std::string& command) const {
    const auto directory = root.path() / std::to_string(pid);
    std::filesystem::create_directories(directory);
    std::ofstream(directory / "stat") << stat;
    std::ofstream(directory / "status") << status;
    std::ofstream(directory / "cmdline") << command;
  }
  ::TemporaryDirectory root{};
};

constexpr const char* kRest = " 1 2 3 4 100 50 0 0 20 0 3 0 1000 4194304 16 99\n";

}  // namespace

TEST_CASE("processes are listed with their pids in the container") {
  const Proc proc;
  std::ofstream(proc.root.path() / "uptime") << "70.50 10.00\n";
  proc.add(200, std::string("200 (sleep) S 90 200 200 34816 0 0") + kRest,
           "Name:\tsleep\nUid:\t0\t7\t0\t0\nNSpid:\t200\t1\n", std::string("sleep\0001000\0", 11));
  proc.add(203, std::string("203 (a) b\" (c) R 200 200 200 0 0 0") + kRest,
           "Name:\tx\nUid:\t5\t5\t5\t5\nNSpid:\t203\t12\n", "");
  CHECK(process_list_json({203, 200, 999}, proc.root.path()) ==
        R"({"processes":[{"pid":1,"ppid":0,"uid":7,"threads":3,"state":"S","tty":"pts/0",)"
        R"("age_ms":60500,"cpu_ms":1500,"vsz_kib":4096,"rss_kib":64,"comm":"sleep",)"
        R"("command":"sleep 1000"},{"pid":12,"ppid":1,"uid":5,"threads":3,"state":"R","tty":"?",)"
        R"("age_ms":60500,"cpu_ms":1500,"vsz_kib":4096,"rss_kib":64,"comm":"a) b\" (c",)"
        R"("command":"[a) b\" (c]"}]})");
}

TEST_CASE("what a process calls itself cannot break the list") {
  const Proc proc;
  proc.add(5, std::string("5 (\xff\n\x1b) S 1 1 1 0 0 0") + kRest, "Uid:\n", "a\nb\x01\xfe");
  const std::string text = process_list_json({5}, proc.root.path());
  for (const char c : text) CHECK(static_cast<unsigned char>(c) >= ' ');
  CHECK(text.find("\xff") == std::string::npos);
}

TEST_CASE("half-written and vanished processes are left out") {
  const Proc proc;
  proc.add(5, "5 (x", "", "");
  proc.add(6, "6 (x) S 1", "", "");
  proc.add(7, "", "", "");
  CHECK(process_list_json({5, 6, 7, 8}, proc.root.path()) == R"({"processes":[]})");
}

TEST_CASE("very many long command lines fit in one reply") {
  const Proc proc;
  std::vector<pid_t> pids;
  for (pid_t pid = 1; pid <= 2000; ++pid) {
    proc.add(pid, std::string("1 (x) S 1 1 1 0 0 0") + kRest, "", std::string(5000, '"'));
    pids.push_back(pid);
  }
  CHECK(process_list_json(pids, proc.root.path()).size() < 3U << 20);
}

TEST_CASE("this process is found in the real proc") {
  const std::string text = process_list_json({::getpid()});
  CHECK(text.find("\"comm\":\"test-agent\"") != std::string::npos);
  CHECK(text.find("\"command\":\"[") == std::string::npos);
}
