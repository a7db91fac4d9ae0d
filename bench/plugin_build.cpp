// SPDX-License-Identifier: Apache-2.0
//
// P2 and P4: what it costs that plugins are files. kata-runtime with a kata-proxy that loads them,
// beside one that has the same objects inside, in turn, without VMs (hypervisor "mock").
//
//   plugin_build [ROUNDS]     200; exit 1 when a limit is missed
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "bench/agent/fail.h"
#include "bench/agent/samples.h"
#include "bench/agent/verdicts.h"
#include "bench/plugins/mock_sandboxes.h"
#include "kata/concat.h"

namespace {

using namespace kata;
using namespace kata::bench;
namespace fs = std::filesystem;

constexpr double kKibPerMib = 1024;

struct Proxy {
  std::set<std::string> plugins{};  // files that are mapped
  double rss_kib = 0;
};

// Of the sandbox of container `id`.
Proxy proxy_of(const MockSandboxes& sandboxes, const std::string& id) {
  std::ifstream record(sandboxes.root() / id / "sandbox.json");
  const auto json = nlohmann::json::parse(record, nullptr, false);
  if (!json.is_object()) fail(concat("read the record of sandbox '", id, "'"));
  const fs::path process = fs::path("/proc") / json.at("proxy").at("pid").dump();
  Proxy proxy;
  std::ifstream rollup(process / "smaps_rollup");
  for (std::string line; std::getline(rollup, line);)
    if (line.starts_with("Rss:")) proxy.rss_kib = std::atof(line.c_str() + 4);
  std::ifstream maps(process / "maps");
  for (std::string line; std::getline(maps, line);)
    if (line.find("/libkata-") != std::string::npos)
      proxy.plugins.insert(line.substr(line.rfind('/') + 1));
  if (proxy.rss_kib == 0) fail(concat("read the memory of the proxy of sandbox '", id, "'"));
  return proxy;
}

struct Build {
  explicit Build(const fs::path& programs) : sandboxes(programs) {}

  void run_once() {
    times.add(timed([&] { sandboxes.run({"run", "--bundle", sandboxes.quick(), "once"}); }));
  }
  Proxy look() {
    sandboxes.run({"run", "--detach", "--bundle", sandboxes.sleeper(), "stays"});
    Proxy proxy = proxy_of(sandboxes, "stays");
    sandboxes.run({"delete", "--force", "stays"});
    rss_kib.push_back(proxy.rss_kib);
    return proxy;
  }

  MockSandboxes sandboxes;
  Samples times{};
  std::vector<double> rss_kib{};
};

// The same programs, but for the proxy.
fs::path with_plugins_inside(const fs::path& directory) {
  fs::create_directory(directory);
  for (const char* name : {"kata-runtime", "kata-shim", "kata-runtime-plugins"})
    fs::copy_file(fs::path(KATA_PROGRAMS) / name, directory / name);
  fs::copy_file(KATA_PROXY_WITH_PLUGINS, directory / "kata-proxy");
  return directory;
}

void add_rows(Verdicts& table, const Build& files, const Build& inside, std::size_t mapped,
              std::size_t others) {
  table.add({"P2", "plugins that a proxy has mapped", "", static_cast<double>(mapped),
             at_most(2, 2), "hypervisor and shared filesystem are selected"});
  table.add({"P2", "  that are not selected", "", static_cast<double>(others), at_most(0, 0), ""});
  // Most of it is waiting for the kernel, so that the quickest of many is luck.
  table.add({"P4", "run of true, p50", "ms", files.times.median() / 1000, std::nullopt,
             files.times.summary()});
  table.add({"P4", "  / with the plugins inside", "x", files.times.median() / inside.times.median(),
             at_most(1.05, 1.02), inside.times.summary()});
  table.add({"P4", "  the same, quickest", "x", files.times.least() / inside.times.least(),
             std::nullopt, ""});
  table.add({"P4", "resident memory more than with them inside", "MiB",
             (median(files.rss_kib) - median(inside.rss_kib)) / kKibPerMib, at_most(1.5, 1.5),
             concat(static_cast<long>(median(files.rss_kib)), " and ",
                    static_cast<long>(median(inside.rss_kib)), " KiB")});
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(std::atoi(argv[1]), 1) : 200;
  Build files(KATA_PROGRAMS);
  Build inside(with_plugins_inside(files.sandboxes.directory() / "programs"));
  const std::set<std::string> selected = {"libkata-hypervisor-mock.so", "libkata-fs-bind.so"};
  std::set<std::string> mapped;
  for (int round = 0; round < std::min(rounds, 5); ++round) {
    mapped.merge(files.look().plugins);
    if (!inside.look().plugins.empty()) fail("the proxy with its plugins inside has loaded some");
  }
  for (int round = 0; round < rounds; ++round) {
    (round % 2 == 0 ? files : inside).run_once();
    (round % 2 == 0 ? inside : files).run_once();
  }
  std::size_t others = 0;
  for (const std::string& name : mapped) others += selected.contains(name) ? 0 : 1;
  Verdicts table("plugin_build");
  add_rows(table, files, inside, mapped.size(), others);
  return table.print();
}
