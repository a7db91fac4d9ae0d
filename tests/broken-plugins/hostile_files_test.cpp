// SPDX-License-Identifier: Apache-2.0
//
// Files that are no plugin, or no longer one.
#include <doctest/doctest.h>
#include <elf.h>
#include <unistd.h>

#include <cstddef>
#include <random>

#include "tests/broken-plugins/staged_plugin.h"

namespace kata::plugin_host {

TEST_CASE("a plugin that others can write to is refused") {
  const StagedPlugin plugin("good");
  ::chmod(plugin.file().c_str(), 0666);
  CHECK(refusal_of(plugin.choice()) ==
        concat("mode: expected not writable by group or others, found 0666; run 'chmod go-w ",
               plugin.file(), "'"));
}

TEST_CASE("a plugin in a directory that others can write to is refused") {
  const StagedPlugin plugin("good");
  ::chmod(plugin.directory().c_str(), 01777);
  CHECK(refusal_of(plugin.choice()) ==
        concat("directory mode: expected not writable by group or others, found 1777; run 'chmod "
               "go-w ",
               plugin.directory(), "'"));
}

TEST_CASE("a plugin of another owner is refused") {
  if (::geteuid() != 0) return;  // only root can give a file away
  const StagedPlugin plugin("good");
  REQUIRE(::chown(plugin.file().c_str(), 12345, 0) == 0);
  CHECK(refusal_of(plugin.choice()).starts_with("owner: expected uid 0, found uid 12345; run "));
  REQUIRE(::chown(plugin.file().c_str(), 0, 0) == 0);
  REQUIRE(::chown(plugin.directory().c_str(), 12345, 0) == 0);
  CHECK(
      refusal_of(plugin.choice()).starts_with("directory owner: expected uid 0, found uid 12345"));
}

TEST_CASE("a symbolic link and a directory and a fifo and a missing file are refused") {
  const StagedPlugin plugin("good");
  auto choice = plugin.choice();
  choice.library = plugin.directory() / "link.so";
  std::filesystem::create_symlink(plugin.file(), choice.library);
  CHECK(refusal_of(choice) ==
        "file type: expected a regular file, found a symbolic link; name its target");
  choice.library = plugin.directory() / "dir.so";
  std::filesystem::create_directory(choice.library);
  CHECK(refusal_of(choice).starts_with("file type: expected a regular file, found a directory"));
  choice.library = plugin.directory() / "fifo.so";
  REQUIRE(::mkfifo(choice.library.c_str(), 0600) == 0);
  CHECK(refusal_of(choice).starts_with("file type: expected a regular file, found a fifo"));
  choice.library = plugin.directory() / "none.so";
  CHECK(refusal_of(choice) == "open: No such file or directory");
  choice.library = "good.so";
  CHECK(refusal_of(choice).starts_with("path: expected an absolute path"));
}

TEST_CASE("an empty file and a text file and a program are refused") {
  const StagedPlugin plugin("good");
  const std::string not_elf =
      "file format: expected an ELF shared object, found a file that is not ELF; name the plugin's "
      ".so file";
  plugin.write("");
  CHECK(refusal_of(plugin.choice()) == not_elf);
  plugin.write("#!/bin/sh\n");
  CHECK(refusal_of(plugin.choice()) == not_elf);
  std::string bytes = StagedPlugin::built("good");
  bytes[offsetof(Elf64_Ehdr, e_type)] = ET_EXEC;
  plugin.write(bytes);
  CHECK(refusal_of(plugin.choice())
            .starts_with("file format: expected an ELF shared object, found ELF type 2"));
}

TEST_CASE("a plugin of another machine is refused") {
  const StagedPlugin plugin("good");
  std::string bytes = StagedPlugin::built("good");
  bytes[offsetof(Elf64_Ehdr, e_machine)] = static_cast<char>(EM_RISCV);
  plugin.write(bytes);
  const std::string message = refusal_of(plugin.choice());
  CHECK(message.starts_with("machine: expected "));
  CHECK(message.ends_with("found machine 243; install the plugin built for this machine"));
  bytes[EI_CLASS] = ELFCLASS32;
  plugin.write(bytes);
  CHECK(refusal_of(plugin.choice()).starts_with("machine: expected 64-bit little-endian ELF"));
}

TEST_CASE("a truncated plugin is refused at each of 64 sizes") {
  const StagedPlugin plugin("good");
  const std::string bytes = StagedPlugin::built("good");
  for (std::size_t i = 0; i < 64; ++i) {
    CAPTURE(i);
    plugin.write(std::string_view(bytes).substr(0, bytes.size() * i / 64));
    CHECK_FALSE(refusal_of(plugin.choice()).empty());
  }
}

TEST_CASE("inspecting a plugin with flipped bytes never crashes") {
  const StagedPlugin plugin("good");
  const std::string bytes = StagedPlugin::built("good");
  std::minstd_rand random(1);  // the same flips each time
  int refused = 0;
  for (int i = 0; i < 400; ++i) {
    std::string damaged = bytes;
    // Half of them where the structure is: the header and the section table at the end.
    for (int flips = 0; flips < 4; ++flips) {
      const std::size_t range = i % 2 == 0 ? damaged.size() : 2048;
      damaged[damaged.size() - 1 - random() % range] ^= static_cast<char>(1 + random() % 255);
      if (flips == 0) damaged[16 + random() % 48] ^= static_cast<char>(1U << random() % 8);
    }
    plugin.write(damaged);
    const auto info = PluginHost::inspect(plugin.file());
    if (!info.ok()) {
      ++refused;
      CHECK(info.error().message.find('\n') == std::string::npos);
    }
  }
  CHECK(refused > 100);
}

}  // namespace kata::plugin_host
