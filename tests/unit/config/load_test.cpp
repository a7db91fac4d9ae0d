// SPDX-License-Identifier: Apache-2.0
#include "core/config/load.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "tests/unit/config/temp_dir.h"

namespace kata::config {

namespace {

std::string message_of(const Result<Config>& config) {
  REQUIRE_FALSE(config.ok());
  CHECK(config.error().message.find('\n') == std::string::npos);
  return config.error().message;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a file and its drop-ins in alphabetical order make one configuration") {
  const TempDir dir;
  dir.write("c.toml", "[hypervisor.qemu]\ndefault_memory = 100\ndefault_vcpus = 2\n");
  dir.write("config.d/20-b.toml", "[hypervisor.qemu]\ndefault_memory = 300\n");
  dir.write("config.d/10-a.toml", "[hypervisor.qemu]\ndefault_memory = 200\nkernel = \"/a\"\n");
  const auto config = load_config(dir.path() / "c.toml");
  REQUIRE_MESSAGE(config.ok(), config.error().message);
  CHECK(config.value().vm.default_memory_mib == 300);
  CHECK(config.value().vm.default_vcpus == 2);
  CHECK(config.value().vm.kernel == "/a");
  CHECK(config.value().effective.at("hypervisor.qemu.default_memory").origin ==
        Origin{(dir.path() / "config.d/20-b.toml").native(), 2, 1});
}

TEST_CASE("an error in a drop-in names the drop-in") {
  const TempDir dir;
  dir.write("c.toml", "");
  dir.write("config.d/x.toml", "[runtime]\nlog_level = 3\n");
  CHECK(message_of(load_config(dir.path() / "c.toml"))
            .starts_with(concat(dir.path(), "/config.d/x.toml:2:1: ")));
}

TEST_CASE("a file in config.d that is no drop-in gives a warning") {
  const TempDir dir;
  dir.write("c.toml", "");
  dir.write("config.d/x.toml.bak", "rubbish");
  const auto config = load_config(dir.path() / "c.toml");
  REQUIRE(config.ok());
  REQUIRE(config.value().warnings.size() == 1);
  CHECK(has(config.value().warnings[0], "x.toml.bak' is not a drop-in"));
}

TEST_CASE("drop-ins are looked for beside the target of a symbolic link") {
  const TempDir dir;
  dir.write("real/c.toml", "");
  dir.write("real/config.d/x.toml", "[runtime]\nlog_level = \"warn\"\n");
  std::filesystem::create_symlink(dir.path() / "real/c.toml", dir.path() / "link.toml");
  const auto config = load_config(dir.path() / "link.toml");
  REQUIRE(config.ok());
  CHECK(config.value().runtime.log_level == "warn");
}

TEST_CASE("a configuration that others can write to is refused") {
  const TempDir dir;
  dir.write("c.toml", "");
  ::chmod((dir.path() / "c.toml").c_str(), 0664);
  const std::string message = message_of(load_config(dir.path() / "c.toml"));
  CHECK(message == concat("configuration file '", dir.path(),
                          "/c.toml': mode: expected not writable by group or others, found 0664; "
                          "run 'chmod go-w ",
                          dir.path(), "/c.toml'"));
}

TEST_CASE("a configuration in a directory that others can write to is refused") {
  const TempDir dir;
  dir.write("sub/c.toml", "");
  ::chmod((dir.path() / "sub").c_str(), 0777);
  CHECK(has(message_of(load_config(dir.path() / "sub/c.toml")), "directory mode: expected"));
}

TEST_CASE("a drop-in directory or drop-in that others can write to is refused") {
  const TempDir dir;
  dir.write("c.toml", "");
  dir.write("config.d/x.toml", "");
  ::chmod((dir.path() / "config.d").c_str(), 0775);
  CHECK(has(message_of(load_config(dir.path() / "c.toml")), "configuration directory '"));
  ::chmod((dir.path() / "config.d").c_str(), 0755);
  ::chmod((dir.path() / "config.d/x.toml").c_str(), 0646);
  CHECK(has(message_of(load_config(dir.path() / "c.toml")), "config.d/x.toml': mode: expected"));
}

TEST_CASE("a configuration of another owner is refused") {
  if (::geteuid() != 0) return;  // only root can give a file away
  const TempDir dir;
  dir.write("c.toml", "");
  REQUIRE(::chown((dir.path() / "c.toml").c_str(), 12345, 0) == 0);
  CHECK(has(message_of(load_config(dir.path() / "c.toml")),
            "owner: expected uid 0, found uid 12345; run 'chown root "));
}

TEST_CASE("a directory or a fifo or a missing file in place of the configuration is refused") {
  const TempDir dir;
  std::filesystem::create_directory(dir.path() / "d.toml");
  CHECK(has(message_of(load_config(dir.path() / "d.toml")),
            "file type: expected a regular file, found a directory"));
  REQUIRE(::mkfifo((dir.path() / "f.toml").c_str(), 0600) == 0);
  CHECK(has(message_of(load_config(dir.path() / "f.toml")), "found a fifo"));
  CHECK(has(message_of(load_config(dir.path() / "none.toml")), "No such file"));
}

TEST_CASE("a file of more than one MiB is refused") {
  const TempDir dir;
  dir.write("c.toml", std::string((1U << 20) + 1, '#'));
  CHECK(has(message_of(load_config(dir.path() / "c.toml")), "size: expected at most 1048576"));
}

TEST_CASE("the file named explicitly is taken and made absolute") {
  const TempDir dir;
  dir.write("c.toml", "");
  const auto found = find_config_file(dir.path() / "./c.toml");
  REQUIRE(found.ok());
  CHECK(found.value() == dir.path() / "c.toml");
  CHECK_FALSE(find_config_file(dir.path() / "none.toml").ok());
}

TEST_CASE("a program's prefix is what its bin or libexec is in") {
  const std::pair<const char*, const char*> cases[] = {
      {"/opt/kata/bin/kata-runtime", "/opt/kata"},
      {"/opt/kata/libexec/kata-containers/kata-proxy", "/opt/kata"},
      {"/bin/kata-runtime", "/"},
      {"/home/me/kata-runtime", ""},
      {"/opt/kata-containers/kata-proxy", ""},
      {"bin/kata-runtime", ""},
      {"", ""},
  };
  for (const auto& [program, prefix] : cases)
    CHECK_MESSAGE(installed_prefix(program) == prefix, program);
}

TEST_CASE("the environment cannot name a file that is not shipped") {
  const TempDir dir;
  dir.write("c.toml", "");
  ::setenv("KATA_CONF_FILE", (dir.path() / "c.toml").c_str(), 1);
  const auto found = find_config_file(std::nullopt);
  ::unsetenv("KATA_CONF_FILE");
  REQUIRE_FALSE(found.ok());
  CHECK(found.error().message.starts_with(
      "variable KATA_CONF_FILE: expected '/etc/kata-containers/"));
}

}  // namespace kata::config
