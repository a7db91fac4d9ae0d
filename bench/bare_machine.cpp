// SPDX-License-Identifier: Apache-2.0
#include "bench/bare_machine.h"

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "bench/agent/fail.h"
#include "bench/agent/samples.h"
#include "kata/concat.h"
#include "tests/integration/harness/command.h"

namespace kata::bench {

namespace fs = std::filesystem;

BareMachine::BareMachine(const fs::path& directory) : initrd_(directory / "bare.img") {
  const fs::path tree = directory / "bare";
  fs::create_directories(tree);
  fs::copy_file(KATA_BARE_INIT, tree / "init");
  const std::string script = concat("cat " KATA_GUEST_DIR "/initrd.img > ", initrd_, " && cd ",
                                    tree, " && echo init | cpio --quiet -o -H newc >> ", initrd_);
  const auto made = test::run({"/bin/sh", "-c", script});
  if (made.exit_code != 0) fail("make the bare initrd: " + made.err);
}

BareTimes BareMachine::boot(const std::string& kernel_words) const {
  const std::string command = concat(
      "exec /usr/bin/qemu-system-x86_64 -nodefaults -no-user-config -display none "
      "-no-reboot -machine q35,accel=tcg -cpu max -smp 1 -m 256 -serial stdio "
      "-kernel " KATA_GUEST_DIR "/vmlinux -initrd ",
      initrd_, " -append '", kernel_words, "' < /dev/null");
  const auto start = Clock::now();
  BareTimes times;
  FILE* output = ::popen(command.c_str(), "r");
  if (output == nullptr) fail("start bare QEMU");
  char line[512];
  while (std::fgets(line, sizeof line, output) != nullptr)
    if (std::string_view(line).starts_with("READY")) times.ready = microseconds_since(start) / 1e6;
  const int status = ::pclose(output);
  times.end = microseconds_since(start) / 1e6;
  if (status != 0 || times.ready == 0) fail("bare QEMU was never ready");
  return times;
}

}  // namespace kata::bench
