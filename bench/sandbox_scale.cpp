// SPDX-License-Identifier: Apache-2.0
//
// N5 and N6: many sandboxes on one host, without VMs (hypervisor "mock"), so that what is measured
// is this project's share. Once one after the other, for how the last differs from the first, and
// once by four clients at a time, for the rate that a node reaches.
//
//   sandbox_scale [SANDBOXES]      200; exit 1 when a limit is missed
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "bench/agent/fail.h"
#include "bench/agent/samples.h"
#include "bench/agent/verdicts.h"
#include "bench/plugins/mock_sandboxes.h"
#include "kata/concat.h"

namespace {

using namespace kata;
using namespace kata::bench;
namespace fs = std::filesystem;

constexpr int kEdge = 10;  // samples that stand for the first and the last sandbox
constexpr int kLists = 50, kClients = 4, kManyRecords = 500;
constexpr double kSecond = 1e6;

std::string name_of(int index) { return concat("c", index); }

void start(const MockSandboxes& sandboxes, int index) {
  sandboxes.run({"run", "--detach", "--bundle", sandboxes.sleeper(), name_of(index)});
}

void delete_all(const MockSandboxes& sandboxes, int count) {
  for (int i = 0; i < count; ++i) sandboxes.run({"delete", "--force", name_of(i)});
}

// Of `kata-runtime state` of one of them, by strace; nothing where that is not installed.
std::optional<double> system_calls(const MockSandboxes& sandboxes) {
  if (!fs::exists("/usr/bin/strace")) return std::nullopt;
  const fs::path log = sandboxes.directory() / "strace";
  std::vector<std::string> argv{"/usr/bin/strace", "-f", "-o", log};
  for (std::string& word : sandboxes.command({"state", name_of(0)})) argv.push_back(word);
  if (const auto traced = test::run(argv); traced.exit_code != 0)
    fail(concat("strace: ", traced.err));
  std::ifstream lines(log);
  return static_cast<double>(std::count(std::istreambuf_iterator<char>(lines), {}, '\n'));
}

struct Measured {
  std::vector<double> times{};
  Samples lists{};
  std::optional<double> calls_of_one{}, calls_of_many{};
  double alone_us = 0, together_us = 0;
};

// More records without processes: `state` must not look at them.
void with_more_records(const MockSandboxes& sandboxes, int count, const auto& action) {
  std::vector<fs::path> copies;
  for (int i = count; i < kManyRecords; ++i) {
    copies.push_back(sandboxes.root() / concat("copy", i));
    fs::create_directory(copies.back());
    for (const char* name : {"container.json", "sandbox.json"})
      fs::copy_file(sandboxes.root() / name_of(0) / name, copies.back() / name);
  }
  action();
  for (const fs::path& copy : copies) fs::remove_all(copy);
}

void one_after_the_other(const MockSandboxes& sandboxes, int count, Measured& measured) {
  measured.alone_us = timed([&] {
    for (int i = 0; i < count; ++i) measured.times.push_back(timed([&] { start(sandboxes, i); }));
  });
  for (int i = 0; i < kLists; ++i)
    measured.lists.add(timed([&] { sandboxes.run({"list", "--quiet"}); }));
  with_more_records(sandboxes, count, [&] { measured.calls_of_many = system_calls(sandboxes); });
  delete_all(sandboxes, count);
}

void four_at_a_time(const MockSandboxes& sandboxes, int count, Measured& measured) {
  measured.together_us = timed([&] {
    std::vector<std::jthread> clients;
    for (int client = 0; client < kClients; ++client)
      clients.emplace_back([&sandboxes, client, count] {
        for (int i = client; i < count; i += kClients) start(sandboxes, i);
      });
  });
  delete_all(sandboxes, count);
}

void add_rows(Verdicts& table, const Measured& m, int count) {
  const double first = median({m.times.begin(), m.times.begin() + kEdge});
  const double last = median({m.times.end() - kEdge, m.times.end()});
  table.add({"N5", concat(count, " sandboxes, four clients"), "/s", count * kSecond / m.together_us,
             at_least(40, 80), ""});
  table.add({"N5", "  one client", "/s", count * kSecond / m.alone_us, std::nullopt, ""});
  table.add({"N5", "  list of them, quickest", "ms", m.lists.least() / 1000, at_most(12, 12),
             m.lists.summary()});
  table.add({"N5", "  the last / the first", "x", last / first, at_most(1.3, 1.3),
             concat(std::to_string(first / 1000), " and ", std::to_string(last / 1000), " ms")});
  std::optional<double> more;
  if (m.calls_of_one && m.calls_of_many) more = *m.calls_of_many - *m.calls_of_one;
  table.add({"N6", "system calls of state, 500 sandboxes - 1", "", more, at_most(0, 0),
             m.calls_of_one ? concat(static_cast<long>(*m.calls_of_one), " of one") : ""});
}

}  // namespace

int main(int argc, char** argv) {
  const int count = std::max(argc > 1 ? std::atoi(argv[1]) : 200, 2 * kEdge);
  const MockSandboxes sandboxes(KATA_PROGRAMS);
  Measured measured;
  start(sandboxes, 0);
  measured.calls_of_one = system_calls(sandboxes);
  delete_all(sandboxes, 1);
  one_after_the_other(sandboxes, count, measured);
  four_at_a_time(sandboxes, count, measured);
  Verdicts table("sandbox_scale");
  add_rows(table, measured, count);
  return table.print();
}
