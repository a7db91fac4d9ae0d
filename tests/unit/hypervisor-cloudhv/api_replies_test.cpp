// SPDX-License-Identifier: Apache-2.0
#include "api_replies.h"

#include <doctest/doctest.h>

#include <string>

#include "api_client.h"
#include "kata/concat.h"

using namespace kata;
using namespace kata::cloudhv;

namespace {

std::string ping(std::string_view version, std::string_view features = R"(["kvm"])") {
  return concat(R"({"version":")", version, R"(","features":)", features, "}");
}

constexpr const char* kInfo = R"({"config":{"cpus":{"boot_vcpus":2,"max_vcpus":8},
  "memory":{"size":268435456,"hotplug_size":134217728},
  "disks":[{"id":"data"},{},{"id":5},6],"net":null,"fs":"x"},"state":"Running",
  "memory_actual_size":402653184,"device_tree":{"eth0":{"pci_bdf":"0000:00:03.0"},"__serial":{}}})";

}  // namespace

TEST_CASE("versions from 39 are taken however they are written") {
  for (const char* text : {"39.0.0", "v39.0", "54.0.0", "v51.1-dirty", "100.0"}) {
    CAPTURE(text);
    const auto version = parse_ping(ping(text));
    REQUIRE_MESSAGE(version.ok(), version.error().message);
    CHECK(version.value().text == text);
    CHECK(version.value().major >= kOldestMajor);
  }
}

TEST_CASE("an old version and a build without KVM are refused with the remedy") {
  const auto old = parse_ping(ping("v38.0"));
  REQUIRE_FALSE(old.ok());
  CHECK(old.error().code == ErrorCode::kUnsupported);
  CHECK(old.error().message ==
        "version v38.0 is older than 39.0: install a newer cloud-hypervisor or correct "
        "hypervisor.cloudhv.path");
  const auto featureless = parse_ping(ping("54.0.0", R"(["tdx","dbus_api"])"));
  REQUIRE_FALSE(featureless.ok());
  CHECK(featureless.error().message.find("without the feature 'kvm'") != std::string::npos);
  CHECK(parse_ping(ping("54.0.0", R"(["mshv"])")).ok());
  CHECK(parse_ping(R"({"version":"54.0.0"})").ok());
}

TEST_CASE("a ping that is none is refused") {
  for (const char* text :
       {"", "[]", "{", "{}", R"({"version":54})", R"({"version":""})", R"({"version":"v"})",
        R"({"version":"54"})", R"({"version":"99999999999.0"})", R"({"version":"-1.0"})"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_ping(text).ok());
  }
}

TEST_CASE("the state and the size and the devices of a VM are read") {
  const auto info = parse_info(kInfo);
  REQUIRE_MESSAGE(info.ok(), info.error().message);
  CHECK(info.value().state == "Running");
  CHECK(info.value().vcpus == 2);
  CHECK(info.value().most_vcpus == 8);
  CHECK(info.value().memory_bytes == 384ULL << 20);
  CHECK(info.value().most_memory_bytes == 384ULL << 20);
  CHECK(info.value().devices == std::set<std::string>{"eth0", "__serial"});
  CHECK(info.value().configured == std::set<std::string>{"data"});
}

TEST_CASE("an info without a field names it") {
  CHECK(parse_info("{}").error().message.find("'state'") != std::string::npos);
  CHECK(parse_info(R"({"state":"x"})").error().message.find("'config'") != std::string::npos);
  for (const char* field : {"boot_vcpus", "max_vcpus", "size"}) {
    std::string text = kInfo;
    text.replace(text.find(field), std::string_view(field).size(), "other");
    CHECK(parse_info(text).error().message.find(concat("'", field, "'")) != std::string::npos);
  }
  for (const char* text :
       {R"({"state":"x","config":[]})", R"({"state":"x","config":{"cpus":1,"memory":2}})"})
    CHECK_FALSE(parse_info(text).ok());
}

TEST_CASE("a PCI address on the root bus is a path and any other is refused") {
  CHECK(parse_guest_address(R"({"id":"a","bdf":"0000:00:05.0"})").take() == "05");
  CHECK(parse_guest_address(R"({"id":"a","bdf":"0001:00:1f.0"})").take() == "1f");
  CHECK(parse_guest_address("").take().empty());
  for (const char* bdf : {"0000:01:05.0", "0000:00:05.1", "0000:00:5.0", "", "0000:00:xy.0",
                          "0000:00:../..", "../../../../"}) {
    CAPTURE(bdf);
    CHECK_FALSE(parse_guest_address(concat(R"({"bdf":")", bdf, "\"}")).ok());
  }
  CHECK_FALSE(parse_guest_address("{}").ok());
}

TEST_CASE("a removal of vCPUs that is pending is known in the words of every version") {
  CHECK(is_removal_pending(429, R"(["Too Many Requests"])"));
  CHECK(is_removal_pending(500, "Error from CPU manager: Still pending removed vcpu"));
  CHECK_FALSE(is_removal_pending(500, R"(["Requested vCPUs exceed maximum"])"));
  CHECK_FALSE(is_removal_pending(204, ""));
}

TEST_CASE("counters are read by device and name") {
  const auto counters = parse_counters(R"({"net":{"rx":1,"tx":18446744073709551615,"x":"y"}})");
  REQUIRE(counters.ok());
  REQUIRE(counters.value().size() == 2);
  CHECK(counters.value()[1].device == "net");
  CHECK(counters.value()[1].value == UINT64_MAX);
  CHECK_FALSE(parse_counters(R"({"net":3})").ok());
}

TEST_CASE("a refusal says the status and the VMM's own words in one line") {
  struct {
    const char *body, *words;
  } const cases[] = {
      {R"(["Error from API","The VM could not boot","Cannot open kernel file"])",
       "The VM could not boot: Cannot open kernel file"},
      {R"(["Error from API","State GetNestedState(22)\n\nStack backtrace:\n 0: x","end"])",
       "State GetNestedState(22): end"},
      {R"(["Bad Request"])", "Bad Request"},
      {"Cannot\n\x1b[31mboot\xff", "Cannot [31mboot?"},  // before version 47
      {R"([1,"a"])", R"([1,"a"])"},
      {R"({"a":1})", R"({"a":1})"},
  };
  for (const auto& [body, words] : cases)
    CHECK(refusal({500, body}).message == concat("cloud-hypervisor answered 500: ", words));
  CHECK(refusal({500, ""}).code == ErrorCode::kInternal);
  CHECK(refusal({409, ""}).code == ErrorCode::kAlreadyExists);
  CHECK(refusal({404, ""}).code == ErrorCode::kNotFound);
  CHECK(refusal({405, ""}).code == ErrorCode::kFailedPrecondition);
  CHECK(refusal({429, ""}).code == ErrorCode::kUnavailable);
  CHECK(one_line(std::string(100'000, 'x')).size() == 512);
}
