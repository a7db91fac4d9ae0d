// SPDX-License-Identifier: Apache-2.0
//
// A guest behind a mirrored tap ("tcfilter": veth, redirect, tap) against the same guest behind a
// bare tap ("none": the host's end is the tap itself). Both guests live at once and are measured in
// turn: iperf3's throughput from the guest, and ping's mean round trip. Prints one JSON object.
//
//   tap_throughput ROUNDS LEAST MOST    exit 1 when the throughput's ratio of medians is below
//                                       LEAST or the round trip's above MOST
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "kata/concat.h"
#include "tests/integration/harness/bundle.h"
#include "tests/integration/harness/runtime.h"
#include "tests/network_namespace.h"

namespace {

using namespace kata;
using namespace kata::test;
using nlohmann::json;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "tap_throughput: %s\n", what.c_str());
  std::exit(2);
}

// The program with the libraries it is linked to.
void copy_program(const std::string& program, const std::filesystem::path& rootfs) {
  const std::string script =
      concat("set -e; for f in ", program, " $(ldd ", program, " | grep -o '/[^ ]*'); do mkdir -p ",
             rootfs, "$(dirname $f); cp -L $f ", rootfs, "$f; done");
  if (run({"/bin/sh", "-c", script}).exit_code != 0)
    fail(concat("cannot copy ", program, "; apt-get install iperf3"));
}

// One guest, 10.88.0.2, that sleeps; its peer is 10.88.0.1.
class Guest {
 public:
  explicit Guest(const std::string& model) : mirrored_(model == "tcfilter") {
    pod_.run(
        "ip link set lo up; ip link add eth0 type veth peer name peer0; ip link set eth0 up; "
        "ip addr add 10.88.0.2/24 dev eth0");
    pod_.run(concat("ip link set peer0 netns ", peer_.path()));
    peer_.run("ip link set lo up; ip addr add 10.88.0.1/24 dev peer0; ip link set peer0 up");
    runtime_.use_network("tap");
    runtime_.configure("", concat("[runtime]\ninternetworking_model = \"", model, "\"\n"));
    start();
    const NetworkNamespace& server = mirrored_ ? peer_ : pod_;
    if (!mirrored_) server.run("ip addr flush dev eth0; ip addr add 10.88.0.1/24 dev tap0_kata");
    server.run(concat("iperf3 --server --daemon --pidfile ", pid_file()));
  }
  ~Guest() { run({"/bin/sh", "-c", concat("kill $(tr -d '\\0' < ", pid_file(), ")")}); }
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;

  double megabits() const {
    const auto measured = exec("iperf3 --client 10.88.0.1 --time 3 --json");
    try {
      return json::parse(measured)["end"]["sum_received"]["bits_per_second"].get<double>() / 1e6;
    } catch (const json::exception&) {
      fail(concat("iperf3: ", measured));
    }
  }

  double round_trip_ms() const {
    const std::string measured = exec("ping -q -c 30 -i 0.05 10.88.0.1");
    const std::size_t slash = measured.rfind(" = ");
    const std::size_t mean = measured.find('/', slash);
    if (slash == std::string::npos || mean == std::string::npos) fail("ping: " + measured);
    return std::atof(measured.c_str() + mean + 1);
  }

 private:
  void start() const {
    json spec = default_spec({"/bin/sleep", "600"});
    for (json& space : spec["linux"]["namespaces"])
      if (space["type"] == "network") space["path"] = pod_.path().string();
    for (const char* kind : {"bounding", "effective", "permitted"})
      spec["process"]["capabilities"][kind].push_back("CAP_NET_RAW");
    spec["process"]["env"] = {"PATH=/bin:/usr/bin"};
    const auto bundle = runtime_.make("bundle", spec);
    copy_program("/usr/bin/iperf3", bundle / "rootfs");
    const auto started = runtime_({"run", "--detach", "--bundle", bundle, "c1"});
    if (started.exit_code != 0) fail(started.err);
  }

  std::string exec(const std::string& script) const {
    const auto result = runtime_({"exec", "c1", "/bin/sh", "-c", script});
    if (result.exit_code != 0) fail(concat(script, ": ", result.out, result.err));
    return result.out;
  }

  std::string pid_file() const { return runtime_.directory() / "iperf3.pid"; }

  bool mirrored_;
  NetworkNamespace pod_{}, peer_{};
  Runtime runtime_{};
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  doctest::Context checks;  // of the harness, outside a test
  checks.setAsDefaultForAssertsOutOfTestCases();
  checks.setAssertHandler([](const doctest::AssertData& failed) {
    if (failed.m_failed) fail(concat("failed: ", failed.m_expr));
  });
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 5;
  const double least = argc > 2 ? std::atof(argv[2]) : 0.95;
  const double most = argc > 3 ? std::atof(argv[3]) : 1.05;
  const Guest mirrored("tcfilter"), bare("none");
  std::vector<double> rates[2], trips[2];
  for (int round = 0; round < rounds; ++round) {
    for (const Guest* guest : {&mirrored, &bare}) {
      rates[guest == &bare].push_back(guest->megabits());
      trips[guest == &bare].push_back(guest->round_trip_ms());
    }
  }
  const double rate = median(rates[0]) / median(rates[1]);
  const double trip = median(trips[0]) / median(trips[1]);
  std::printf(
      "{\"bench\":\"tap_throughput\",\"rounds\":%d,\"tcfilter_mbit_s\":%.0f,\"bare_mbit_s\":%.0f,"
      "\"throughput_ratio\":%.3f,\"tcfilter_rtt_ms\":%.3f,\"bare_rtt_ms\":%.3f,\"rtt_ratio\":%.3f,"
      "\"least\":%.2f,\"most\":%.2f}\n",
      rounds, median(rates[0]), median(rates[1]), rate, median(trips[0]), median(trips[1]), trip,
      least, most);
  return rate >= least && trip <= most ? 0 : 1;
}
