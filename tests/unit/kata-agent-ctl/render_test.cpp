// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-agent-ctl/render.h"

#include "agent.pb.h"
#include "programs/kata-agent-ctl/exit_code.h"
#include "request.h"

using namespace kata;
using namespace kata::agentctl;

namespace {

struct Reply {
  template <class Generated>
  Reply(std::string_view method, const Generated& generated) {
    const Method* found = schema.find(method).value();
    message = schema.new_message(*found->output_type());
    REQUIRE(message->ParseFromString(generated.SerializeAsString()));
  }
  Schema schema{};
  std::unique_ptr<Message> message{};
};

grpc::ReadStreamResponse data(const std::string& bytes) {
  grpc::ReadStreamResponse response;
  response.set_data(bytes);
  return response;
}

}  // namespace

TEST_CASE("bytes of a stream are printed as they are but not to a terminal") {
  const Reply reply("ReadStdout", data("a\033[2J\tb\nc"));
  CHECK(render_text(*reply.message, false) == "a\033[2J\tb\nc");
  CHECK(render_text(*reply.message, true) == "a?[2J\tb\nc");
  CHECK(render_json(*reply.message) == "{\"data\":\"YRtbMkoJYgpj\"}\n");
}

TEST_CASE("a text ends with a line end") {
  grpc::Metrics metrics;
  metrics.set_metrics("a 1");
  CHECK(render_text(*Reply("GetMetrics", metrics).message, false) == "a 1\n");
}

TEST_CASE("an empty reply is nothing and a lone zero is shown") {
  CHECK(render_text(*Reply("StartContainer", grpc::Empty()).message, false).empty());
  CHECK(render_json(*Reply("StartContainer", grpc::Empty()).message) == "{}\n");
  CHECK(render_text(*Reply("WaitProcess", grpc::WaitProcessResponse()).message, false) ==
        "FIELD  VALUE\nstatus 0\n");
}

TEST_CASE("a list is a table with a row for each element") {
  grpc::Interfaces interfaces;
  types::Interface& one = *interfaces.add_interfaces();
  one.set_name("eth0\033");
  one.set_mtu(1500);
  for (const char* address : {"10.0.0.1", "10.0.0.2"}) {
    types::IPAddress& added = *one.add_ipaddresses();
    added.set_address(address);
    added.set_mask("24");
  }
  CHECK(render_text(*Reply("ListInterfaces", interfaces).message, false) ==
        "DEVICE NAME  IPADDRESSES              MTU HWADDR DEVICEPATH TYPE RAW_FLAGS\n"
        "-      eth0? 10.0.0.1/24,10.0.0.2/24 1500 -      -          -            0\n");
}

TEST_CASE("nested replies are one line a leaf with sorted maps") {
  grpc::StatsContainerResponse stats;
  auto& memory = *stats.mutable_cgroup_stats()->mutable_memory_stats();
  memory.mutable_usage()->set_usage(7);
  (*memory.mutable_stats())["b"] = 2;
  (*memory.mutable_stats())["a"] = 1;
  stats.add_network_stats()->set_name("eth0");
  const std::string text = render_text(*Reply("StatsContainer", stats).message, false);
  CHECK(contains(text, "cgroup_stats.memory_stats.usage.usage     7\n"));
  const auto first = text.find("cgroup_stats.memory_stats.stats.a"),
             second = text.find("cgroup_stats.memory_stats.stats.b");
  CHECK(first < second);
  CHECK(second != std::string::npos);
  CHECK(contains(text, "network_stats.0.name"));
  CHECK_FALSE(contains(text, "pids_stats"));
}

TEST_CASE("errors keep the code that the peer sent") {
  for (std::int32_t code = 1; code <= 16; ++code) {
    CAPTURE(code);
    const Error error = ttrpc::status_error(code, "why (status code x)");
    CHECK(ttrpc::status_code(error) == code);
    if (code != 1) CHECK(exit_code_of_answer(error, false) == 10 + code);
    CHECK(exit_code_of_answer(error, true) == kNoAgent);
  }
  for (const std::int32_t code : {17, 99, -1})
    CHECK(exit_code_of_answer(ttrpc::status_error(code, "x"), false) == 12);
  CHECK(exit_code_of_answer(make_error(ErrorCode::kCancelled, "x"), false) == kInterrupted);
  CHECK(render_json_error(ttrpc::status_error(5, "a\n\"b")) ==
        "{\"error\":{\"code\":5,\"message\":\"a\\n\\\"b\",\"status\":\"NOT_FOUND\"}}\n");
}
