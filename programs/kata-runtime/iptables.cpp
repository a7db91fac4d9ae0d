// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <boost/program_options/value_semantic.hpp>
#include <cstdio>

#include "core/base/files.h"
#include "programs/kata-runtime/agent_call.h"
#include "programs/kata-runtime/verbs.h"

namespace kata::runtime {
namespace {

constexpr std::chrono::seconds kRulesTime{20};
constexpr std::size_t kMostRules = 3U << 20;  // bytes; a call carries at most 4 MiB

Result<int> get_rules(const sandbox::Store& store, const std::string& id, bool v6) {
  grpc::GetIPTablesRequest request;
  request.set_is_ipv6(v6);
  const auto reply =
      KATA_TRY(ask_agent<grpc::GetIPTablesResponse>(store, id, "GetIPTables", request, kRulesTime),
               "read the guest's packet filter");
  std::string text = reply.data();
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c != '\n' && (c < ' ' || c > '~'); }, '?');
  std::fputs(text.c_str(), stdout);
  return 0;
}

Result<int> set_rules(const sandbox::Store& store, const std::string& id, bool v6,
                      const std::string& file) {
  grpc::SetIPTablesRequest request;
  request.set_is_ipv6(v6);
  request.set_data(KATA_TRY(read_file(file == "-" ? "/dev/stdin" : file, kMostRules), ""));
  KATA_TRY(ask_agent<grpc::SetIPTablesResponse>(store, id, "SetIPTables", request, kRulesTime),
           "set the guest's packet filter");
  return 0;
}

Result<int> iptables(const Globals& globals, const CommandLine& line) {
  const Words& words = line.operands;
  if (!line.has("sandbox-id"))
    return make_error(ErrorCode::kInvalidArgument, "iptables: --sandbox-id is missing");
  const sandbox::Store store = globals.store();
  const auto record = KATA_TRY(store.load_sandbox(line.text("sandbox-id")), "");
  if (words[0] == "get" && words.size() == 1) return get_rules(store, record.id, line.is_set("v6"));
  if (words[0] == "set" && words.size() == 2)
    return set_rules(store, record.id, line.is_set("v6"), words[1]);
  return make_error(ErrorCode::kInvalidArgument,
                    concat("iptables: expected get or set FILE, found '", words[0], "' and ",
                           words.size() - 1, " more"));
}

}  // namespace

Verb iptables_verb() {
  namespace po = boost::program_options;
  Verb verb;
  verb.name = "iptables";
  verb.operands = "get | set FILE";
  verb.summary = "read or set the packet filter of a guest";
  verb.description =
      "get prints the guest's rules as iptables-save does; set replaces them by those of FILE, or "
      "of\n"
      "standard input when FILE is -. The guest must have iptables.";
  verb.exit_status = "0; 1 when the guest refused, with its reason.";
  verb.examples =
      "  kata-runtime iptables --sandbox-id web get > rules\n"
      "  kata-runtime iptables --sandbox-id web set rules\n";
  verb.most_operands = 2;
  verb.add_flags = [](po::options_description& flags) {
    auto add = flags.add_options();
    add("sandbox-id", po::value<std::string>()->value_name("ID"), "of the VM (required)");
    add("v6", po::bool_switch(), "the rules of IPv6");
  };
  verb.run = iptables;
  return verb;
}

}  // namespace kata::runtime
