// SPDX-License-Identifier: Apache-2.0
#include "sandbox/shm_size.h"

#include <doctest/doctest.h>

#include <initializer_list>

namespace kata::sandbox {

namespace {

grpc::Spec with_mount(const char* destination, const char* source,
                      std::initializer_list<const char*> options) {
  grpc::Spec spec;
  grpc::Mount& mount = *spec.add_mounts();
  mount.set_destination(destination);
  mount.set_source(source);
  for (const char* option : options) mount.add_options(option);
  return spec;
}

}  // namespace

TEST_CASE("the size option of the mount on /dev/shm counts in each of its forms") {
  struct Row {
    const char* option;
    std::uint64_t bytes;
  };
  for (const Row& row :
       {Row{"size=65536k", 64U << 20}, Row{"size=1G", 1U << 30}, Row{"size=4096", 4096},
        Row{"size=128m", 128U << 20}, Row{"mode=1777", kUsualShmBytes},
        Row{"size=", kUsualShmBytes}, Row{"size=50%", kUsualShmBytes},
        Row{"size=0", kUsualShmBytes}, Row{"size=99999999999999999999", kUsualShmBytes},
        Row{"size=-1", kUsualShmBytes}}) {
    CAPTURE(row.option);
    CHECK(shm_bytes_of(with_mount("/dev/shm", "shm", {"nosuid", row.option})) == row.bytes);
  }
}

TEST_CASE("without a mount there or with a directory behind it the size is the usual one") {
  CHECK(shm_bytes_of({}) == kUsualShmBytes);
  CHECK(shm_bytes_of(with_mount("/elsewhere", "shm", {"size=1m"})) == kUsualShmBytes);
  CHECK(shm_bytes_of(with_mount("/dev/shm", "/proc", {"rbind"})) == kUsualShmBytes);
  CHECK(shm_bytes_of(with_mount("/dev/shm/", "shm", {"size=1m"})) == 1U << 20);
}

}  // namespace kata::sandbox
