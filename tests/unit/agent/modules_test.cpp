// SPDX-License-Identifier: Apache-2.0
#include "agent/modules.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "tests/temporary_directory.h"

using namespace kata;
using namespace kata::agent;

TEST_CASE("a list of modules is read line by line") {
  const auto list = parse_module_list(
      "# comment\n\nvirtio:\nvirtio_ring: virtio\nvirtio_pci: virtio_ring  virtio\t\r\n");
  REQUIRE(list.ok());
  CHECK(list.value().size() == 3);
  CHECK(list.value().at("virtio").empty());
  CHECK(list.value().at("virtio_pci") == std::vector<std::string>{"virtio_ring", "virtio"});
}

TEST_CASE("an empty list of modules is a list") {
  CHECK(parse_module_list("").value().empty());
  CHECK(parse_module_list("\n").value().empty());
}

TEST_CASE("a malformed line is refused with its number") {
  for (const char* line : {"virtio", ": virtio", "../x: y", "a: ../b", "a b: c", "a: b/c"}) {
    CAPTURE(line);
    const auto list = parse_module_list("fine:\n" + std::string(line) + "\n");
    REQUIRE_FALSE(list.ok());
    CHECK(list.error().message.find("line 2") != std::string::npos);
  }
}

TEST_CASE("modules load after what they need and only once") {
  const auto list = parse_module_list("d: c b\nc: a\nb: a\na:\n");
  REQUIRE(list.ok());
  const auto order = load_order(list.value(), "d");
  REQUIRE(order.ok());
  CHECK(order.value() == std::vector<std::string>{"a", "c", "b", "d"});
}

TEST_CASE("a dependency that is not listed is named with who needs it") {
  const auto list = parse_module_list("a: missing\n");
  const auto order = load_order(list.value(), "a");
  REQUIRE_FALSE(order.ok());
  CHECK(order.error().message.find("'missing'") != std::string::npos);
  CHECK(order.error().message.find("needed by 'a'") != std::string::npos);
}

TEST_CASE("a circle of dependencies is an error and not an endless search") {
  const auto list = parse_module_list("a: b\nb: c\nc: a\nself: self\n");
  CHECK_FALSE(load_order(list.value(), "a").ok());
  CHECK_FALSE(load_order(list.value(), "self").ok());
}

TEST_CASE("a module without its file is an error that names both") {
  const TemporaryDirectory directory;
  std::ofstream(directory.path() / "modules.list") << "kata_no_such_module:\n";
  ModuleLoader loader(directory.path());
  const auto loaded = loader.load("kata-no-such-module");
  REQUIRE_FALSE(loaded.ok());
  CHECK(loaded.error().message.find("'kata_no_such_module'") != std::string::npos);
  CHECK(loaded.error().message.find("kata_no_such_module.ko") != std::string::npos);
}

TEST_CASE("with an empty list everything is taken to be built in") {
  const TemporaryDirectory directory;
  std::ofstream(directory.path() / "modules.list") << "# none\n";
  ModuleLoader loader(directory.path());
  CHECK(loader.load("kata_no_such_module").ok());
}

TEST_CASE("a missing list is an error that names the file") {
  const TemporaryDirectory directory;
  ModuleLoader loader(directory.path());
  const auto loaded = loader.load("kata_no_such_module");
  REQUIRE_FALSE(loaded.ok());
  CHECK(loaded.error().message.find("modules.list") != std::string::npos);
}

TEST_CASE("a name that would leave the directory is refused") {
  const TemporaryDirectory directory;
  ModuleLoader loader(directory.path());
  CHECK(loader.load("../evil").error().code == ErrorCode::kInvalidArgument);
  CHECK(loader.load("").error().code == ErrorCode::kInvalidArgument);
}
