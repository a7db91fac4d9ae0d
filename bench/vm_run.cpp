// SPDX-License-Identifier: Apache-2.0
//
// `kata-runtime run` of /bin/true against bare QEMU that boots the same kernel and initrd with an
// init that ends the machine at once. All in one run, interleaved; prints one JSON object.
//
// There are two bare machines: "plain" has the kernel command line that one types by hand, "tuned"
// has every word of ours. The first ratio is what a user gains or loses by kata-runtime, and is
// judged; the second is what everything but the boot costs.
//
//   vm_run ROUNDS LIMIT      exit 1 when the ratio of medians to the plain machine is above LIMIT
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "bench/bare_machine.h"
#include "tests/integration/harness/bundle.h"
#include "tests/integration/harness/runtime.h"

namespace {

using kata::test::CommandResult;
namespace fs = std::filesystem;

double seconds_of(const auto& action) {
  const auto start = std::chrono::steady_clock::now();
  action();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// The command line of the guest that kata-runtime starts, so that both kernels are told the same.
std::string kernel_words(const kata::test::Runtime& runtime, const fs::path& bundle) {
  runtime({"run", "--detach", "--bundle", bundle, "words"});
  std::string words = runtime({"exec", "words", "/bin/cat", "/proc/cmdline"}).out;
  runtime({"delete", "--force", "words"});
  if (!words.empty()) words.pop_back();
  return words;
}

void require(bool good, const char* what, const CommandResult& result) {
  if (good) return;
  std::fprintf(stderr, "%s: exit %d: %s%s\n", what, result.exit_code, result.out.c_str(),
               result.err.c_str());
  std::exit(2);
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 10;
  const double limit = argc > 2 ? std::atof(argv[2]) : 1.15;
  const kata::test::Runtime runtime;
  const fs::path bundle = runtime.make("bundle", kata::test::default_spec({"/bin/true"}));
  const kata::bench::BareMachine bare(runtime.directory());
  const fs::path sleeper =
      runtime.make("sleeper", kata::test::default_spec({"/bin/sleep", "1000"}));
  const std::string words = kernel_words(runtime, sleeper);
  std::vector<double> ours, plain, tuned;
  for (int round = 1; round <= rounds; ++round) {
    plain.push_back(bare.boot(kata::bench::kPlainKernelWords).end);
    tuned.push_back(bare.boot(words).end);
    CommandResult result;
    ours.push_back(seconds_of([&] { result = runtime({"run", "--bundle", bundle, "c1"}); }));
    require(result.exit_code == 0, "kata-runtime run", result);
    std::fprintf(stderr, "round %d: bare plain %.3f s, bare tuned %.3f s, ours %.3f s\n", round,
                 plain.back(), tuned.back(), ours.back());
  }
  const double ratio = median(ours) / median(plain);
  std::printf(
      "{\"bench\":\"vm_run\",\"rounds\":%d,\"bare_plain_median_s\":%.3f,"
      "\"bare_tuned_median_s\":%.3f,\"ours_median_s\":%.3f,\"ratio_to_plain\":%.3f,"
      "\"ratio_to_tuned\":%.3f,\"limit\":%.2f}\n",
      rounds, median(plain), median(tuned), median(ours), ratio, median(ours) / median(tuned),
      limit);
  return ratio <= limit ? 0 : 1;
}
