// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "agent/serial_port.h"
#include "agent/virtio_bus.h"
#include "tests/temporary_directory.h"

using namespace kata;
using namespace kata::agent;

namespace {

void put(const std::filesystem::path& file, std::string_view text) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file) << text;
}

}  // namespace

TEST_CASE("a serial port is found by its whole name") {
  const TemporaryDirectory sys;
  put(sys.path() / "vport1p0/name", "agent.channel.00\n");
  put(sys.path() / "vport1p1/name", "agent.channel.0\n");
  std::filesystem::create_directories(sys.path() / "vport1p2");  // a port that has no name yet
  CHECK(find_serial_port("agent.channel.0", sys.path().c_str()) == "vport1p1");
  CHECK(find_serial_port("agent.channel", sys.path().c_str()) == std::nullopt);
  CHECK(find_serial_port("x", (sys.path() / "missing").c_str()) == std::nullopt);
}

TEST_CASE("a port that never comes is an error at the deadline") {
  const auto opened = open_serial_port("kata.no.such.port", std::chrono::steady_clock::now());
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.error().code == ErrorCode::kNotFound);
  CHECK(opened.error().message.find("kata.no.such.port") != std::string::npos);
}

TEST_CASE("devices of the virtio bus are told apart by number") {
  const TemporaryDirectory bus;
  CHECK_FALSE(virtio_devices(bus.path().c_str()).console);
  put(bus.path() / "virtio0/device", "0x0003\n");
  put(bus.path() / "virtio1/device", "0x0001\n");
  CHECK(virtio_devices(bus.path().c_str()).console);
  CHECK_FALSE(virtio_devices(bus.path().c_str()).vsock);
  put(bus.path() / "virtio2/device", "0x0013\n");
  CHECK(virtio_devices(bus.path().c_str()).vsock);
}
