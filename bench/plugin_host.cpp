// SPDX-License-Identifier: Apache-2.0
//
// P1, P3 and P5: what the plugin boundary costs.
//
//   plugin_host [ROUNDS]      50; exit 1 when a limit is missed
//   plugin_host --load FILE…  loads these, prints the microseconds: a process that has loaded none
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "bench/agent/fail.h"
#include "bench/agent/samples.h"
#include "bench/agent/verdicts.h"
#include "bind_share.h"
#include "core/plugin_host/loader.h"
#include "core/plugin_host/plugin_host.h"
#include "kata/concat.h"
#include "kata/plugin/fingerprint.h"
#include "tests/integration/harness/command.h"

namespace {

using namespace kata;
using namespace kata::bench;
namespace fs = std::filesystem;

constexpr int kPlugins = 12, kFiles = 100, kJunk = 90, kCalls = 2'000'000;

// Twelve files of one plugin: to the loader, twelve libraries.
std::vector<fs::path> make_plugins(const fs::path& directory) {
  std::vector<fs::path> files;
  for (int i = 0; i < kPlugins; ++i) {
    fs::create_directories(directory / std::to_string(i));
    files.push_back(directory / std::to_string(i) / "libkata-fs-bind.so");
    fs::copy_file(KATA_PLUGIN_DIR "/libkata-fs-bind.so", files.back());
    ::chmod(files.back().c_str(), 0755);
  }
  return files;
}

std::unique_ptr<SharedFilesystem> make_one(plugin_host::PluginHost& host, const fs::path& library) {
  config::PluginChoice choice;
  choice.name = "bind";
  choice.library = library;
  return must(host.shared_filesystem(choice, {"bench", library.parent_path(), ""}));
}

int load_all(const std::vector<fs::path>& files) {
  plugin_host::PluginHost host;
  std::vector<std::unique_ptr<SharedFilesystem>> instances;
  const double us = timed([&] {
    for (const fs::path& file : files) instances.push_back(make_one(host, file));
  });
  return std::printf("%.1f\n", us) > 0 ? 0 : 2;
}

// In a new process each time, because nothing is unloaded.
double load_us(const std::vector<fs::path>& files) {
  std::vector<std::string> argv{"/proc/self/exe", "--load"};
  for (const fs::path& file : files) argv.push_back(file);
  const auto result = test::run(argv);
  if (result.exit_code != 0) fail(concat("load ", files.size(), " plugins: ", result.err));
  return std::atof(result.out.c_str());
}

// A call of the class itself, and not the inlined body of it.
[[gnu::noinline]] SharedFilesystemNeeds needs_of(const bind::BindShare& share) {
  return share.needs();
}
[[gnu::always_inline]] inline SharedFilesystemNeeds needs_of(const SharedFilesystem& share) {
  return share.needs();
}

// Nanoseconds of a method that does nothing.
template <class Shared>
double call_ns(const Shared& share) {
  int sum = 0;
  const double us = timed([&] {
    for (int i = 0; i < kCalls; ++i) {
      sum += needs_of(share).host_files ? 1 : 0;
      asm volatile("" : "+r"(sum) : : "memory");
    }
  });
  return us * 1000 / kCalls;
}

// A plugin's instance without the host's guard around it.
std::unique_ptr<SharedFilesystem, void (*)(void*) noexcept> make_bare(
    const fs::path& library, const plugin::Context& context) {
  const plugin::Descriptor& plugin = *must(plugin_host::load_plugin(
      library, {KATA_INTERFACE_SharedFilesystem, KATA_FINGERPRINT(SharedFilesystem)}));
  Error error;
  void* const made = plugin.create(context, error);
  if (made == nullptr) fail(error.message);
  return {static_cast<SharedFilesystem*>(made), plugin.destroy};
}

struct QuietHost final : plugin::Host {
  void log(Level, std::string_view) noexcept override {}
  std::uint64_t begin_span(std::string_view) noexcept override { return 0; }
  void end_span(std::uint64_t) noexcept override {}
};

double scan_us(const fs::path& directory) {
  int good = 0;
  const double us = timed([&] {
    for (const auto& entry : fs::directory_iterator(directory))
      if (plugin_host::PluginHost::inspect(entry.path()).ok()) ++good;
  });
  if (good != kFiles - kJunk) fail(concat(good, " of the files are plugins"));
  return us;
}

void make_crowd(const fs::path& directory) {
  fs::create_directories(directory);
  for (int i = 0; i < kFiles; ++i) {
    const fs::path file = directory / concat("libkata-", i, ".so");
    fs::copy_file(KATA_PLUGIN_DIR "/libkata-fs-bind.so", file);
    if (i % 3 == 0 && i < kJunk) std::ofstream(file, std::ios::trunc) << "junk";
    if (i % 3 == 1 && i < kJunk) fs::resize_file(file, 5000);
    if (i % 3 == 2 && i < kJunk) std::ofstream(file, std::ios::trunc) << std::string(100'000, 'x');
    ::chmod(file.c_str(), 0755);
  }
}

struct Measured {
  Samples loads{}, scans{};
  Samples direct{}, bare{}, guarded{};  // nanoseconds
};

Measured measure(const fs::path& directory, int rounds) {
  const auto files = make_plugins(directory);
  make_crowd(directory / "crowd");
  QuietHost quiet;
  const plugin::Context context{quiet, "{}", "bench", directory, ""};
  const auto own = must(bind::BindShare::create(context));
  const auto bare = make_bare(files.front(), context);
  plugin_host::PluginHost host;
  const auto plugin = make_one(host, files.front());
  Measured measured;
  for (int round = 0; round < rounds; ++round) {
    measured.loads.add(load_us(files));
    measured.scans.add(scan_us(directory / "crowd"));
    measured.direct.add(call_ns<bind::BindShare>(*own));
    measured.bare.add(call_ns<SharedFilesystem>(*bare));
    measured.guarded.add(call_ns<SharedFilesystem>(*plugin));
  }
  return measured;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 2 && std::string_view(argv[1]) == "--load") return load_all({argv + 2, argv + argc});
  const int rounds = argc > 1 ? std::max(std::atoi(argv[1]), 1) : 50;
  char directory[] = "/tmp/kata-bench.XXXXXX";
  if (::mkdtemp(directory) == nullptr) fail("make a directory below /tmp");
  const Measured measured = measure(directory, rounds);
  fs::remove_all(directory);
  const double load = measured.loads.least();
  Verdicts table("plugin_host");
  table.add({"P1", "12 plugins found, checked, loaded and made, quickest", "us", load,
             at_most(1500, 800), measured.loads.summary()});
  table.add({"P1", "  each", "us", load / kPlugins, at_most(120, 67), ""});
  const double direct = measured.direct.least();
  table.add({"P3", "a call through the plugin's table, more than direct", "ns",
             measured.bare.least() - direct, at_most(3, 1.5),
             concat("direct ", std::to_string(direct), " ns")});
  table.add({"P3", "  and the host's guard around it", "ns", measured.guarded.least() - direct,
             std::nullopt, ""});
  table.add({"P5", "100 files looked through, 90 of them junk", "ms", measured.scans.least() / 1000,
             at_most(15, 15), measured.scans.summary()});
  return table.print();
}
