// SPDX-License-Identifier: Apache-2.0
#include "settings.h"

#include <doctest/doctest.h>

using namespace kata::virtiofs;

TEST_CASE("settings are read from the configuration") {
  const auto settings = parse_settings(
      R"({"virtio_fs_daemon":"/opt/v","virtio_fs_cache":"never","virtio_fs_queue_size":256,)"
      R"("virtio_fs_extra_args":["--no-flock"]})");
  REQUIRE(settings.ok());
  CHECK(settings.value().daemon.daemon == "/opt/v");
  CHECK(settings.value().daemon.cache == "never");
  CHECK(settings.value().queue_size == 256);
  CHECK(settings.value().daemon.extra == std::vector<DaemonOption>{{"no-flock", ""}});
}

TEST_CASE("an empty configuration gives the defaults") {
  const auto settings = parse_settings("{}");
  REQUIRE(settings.ok());
  CHECK(settings.value().daemon.daemon.empty());
  CHECK(settings.value().daemon.cache == "auto");
  CHECK(settings.value().queue_size == 1024);
}

TEST_CASE("bad values are refused and the key is named") {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"virtio_fs_cache":"sometimes"})", "virtio_fs_cache"},
      {R"({"virtio_fs_cache":""})", "virtio_fs_cache"},
      {R"({"virtio_fs_queue_size":0})", "virtio_fs_queue_size"},
      {R"({"virtio_fs_queue_size":-1024})", "virtio_fs_queue_size"},
      {R"({"virtio_fs_queue_size":1000})", "virtio_fs_queue_size"},
      {R"({"virtio_fs_queue_size":2048})", "virtio_fs_queue_size"},
      {R"({"virtio_fs_queue_size":1})", "virtio_fs_queue_size"},
      {R"({"virtio_fs_queue_size":2e50})", "virtio_fs_queue_size"},
      {R"({"virtio_fs_daemon":"virtiofsd"})", "virtio_fs_daemon"},
      {R"({"virtio_fs_extra_args":["--sandbox=none"]})", "virtio_fs_extra_args"},
      {R"({"virtio_fs_extra_args":[1]})", "configuration"},
      {"[]", "configuration"},
      {"{", "configuration"}};
  for (const auto& [json, key] : cases) {
    CAPTURE(json);
    const auto settings = parse_settings(json);
    REQUIRE_FALSE(settings.ok());
    CHECK(settings.error().code == kata::ErrorCode::kInvalidArgument);
    CHECK(settings.error().message.find(key) != std::string::npos);
  }
}

TEST_CASE("a daemon that is not there is an error that names it") {
  CHECK(find_daemon("/bin/true").value() == "/bin/true");
  const auto missing = find_daemon("/nowhere/virtiofsd");
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().message.find("/nowhere/virtiofsd") != std::string::npos);
  CHECK_FALSE(find_daemon("/etc/passwd").ok());
}
