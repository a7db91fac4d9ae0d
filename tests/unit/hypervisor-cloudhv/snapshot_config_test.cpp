// SPDX-License-Identifier: Apache-2.0
#include "snapshot_config.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace kata;
using namespace kata::cloudhv;
using nlohmann::json;

namespace {

const json kSaved = json::parse(R"({
  "cpus": {"boot_vcpus": 2, "max_vcpus": 2}, "memory": {"size": 268435456, "shared": true},
  "vsock": {"cid": 3, "socket": "/first/vsock.sock"}, "net": null, "pmem": null,
  "serial": {"mode": "File", "file": "/first/console.log"},
  "disks": [{"id": "guest-image", "path": "/g/image"}, {"id": "data", "path": "/first/data"}],
  "fs": [{"id": "kata-shared", "socket": "/first/fs.sock", "tag": "kataShared"}],
  "landlock_enable": true, "landlock_rules": [{"path": "/first", "access": "rw"}]})");

struct Second {
  VmSpec spec{};
  std::vector<Device> devices{};

  Second() {
    devices.emplace_back(VhostUserFs{"kata-shared", "/second/fs.sock", "kataShared"});
    devices.emplace_back(BlockDevice{"data", "/second/data"});
  }
  Result<std::string> config(const json& saved, bool landlock = true) const {
    return config_of_clone(saved.dump(), {spec,
                                          devices,
                                          {"/second/vsock.sock", "/second/console.log", "/second"},
                                          "/snap",
                                          landlock});
  }
};

}  // namespace

TEST_CASE("a clone's configuration names nothing of the first VM") {
  Second second;
  const auto text = second.config(kSaved);
  REQUIRE_MESSAGE(text.ok(), text.error().message);
  CHECK(text.value().find("/first") == std::string::npos);
  const json config = json::parse(text.value());
  CHECK(config["vsock"]["socket"] == "/second/vsock.sock");
  CHECK(config["serial"]["file"] == "/second/console.log");
  CHECK(config["fs"][0]["socket"] == "/second/fs.sock");
  CHECK(config["disks"][0]["path"] == "/g/image");
  CHECK(config["disks"][1]["path"] == "/second/data");
  CHECK(config["memory"]["shared"] == false);
  CHECK(config["cpus"] == kSaved["cpus"]);
  CHECK(config["landlock_rules"].size() == 2);
  second.spec.image = "/second/image";
  CHECK(json::parse(second.config(kSaved).take())["disks"][0]["path"] == "/second/image");
  CHECK_FALSE(json::parse(second.config(kSaved, false).take()).contains("landlock_rules"));
}

TEST_CASE("devices must be those of the snapshot") {
  Second fewer;
  fewer.devices.pop_back();
  CHECK(fewer.config(kSaved).error().message.find("'data'") != std::string::npos);
  Second more;
  more.devices.emplace_back(BlockDevice{"other", "/second/other"});
  CHECK(more.config(kSaved).error().message.find("'other' is not in the snapshot") !=
        std::string::npos);
  Second swapped;  // a disk cannot take the place of a filesystem
  swapped.devices[0] = BlockDevice{"kata-shared", "/second/data"};
  CHECK_FALSE(swapped.config(kSaved).ok());
}

TEST_CASE("a snapshot with a NIC or a host device is refused") {
  for (const char* list : {"net", "devices"}) {
    json saved = kSaved;
    saved[list] = json::parse(R"([{"id": "x"}])");
    CHECK(Second().config(saved).error().code == ErrorCode::kUnsupported);
  }
}

TEST_CASE("a configuration that is none is refused") {
  const Second second;
  for (const char* name : {"vsock", "memory"}) {
    json saved = kSaved;
    saved.erase(name);
    CHECK(second.config(saved).error().message.find(name) != std::string::npos);
    saved[name] = 3;
    CHECK_FALSE(second.config(saved).ok());
  }
  for (const json& disks : {json::parse("[1]"), json::parse(R"([{"path": "/x"}])"),
                            json::parse(R"([{"id": 5}])"), json("text"), json(5)}) {
    json saved = kSaved;
    saved["disks"] = disks;
    CHECK_FALSE(second.config(saved).ok());
  }
  CHECK_FALSE(second.config("text").ok());
  CHECK_FALSE(second.config(std::string(kLongestSnapshotConfig + 1, ' ')).ok());
}
