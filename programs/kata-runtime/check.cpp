// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <boost/program_options/value_semantic.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "kata/concat.h"
#include "programs/kata-runtime/check_findings.h"
#include "programs/kata-runtime/verbs.h"

namespace kata::runtime {

using nlohmann::ordered_json;

namespace {

const char* word_for(Finding::State state) {
  switch (state) {
    case Finding::State::kOk:
      return "ok";
    case Finding::State::kSlower:
      return "slower";
    case Finding::State::kMissing:
      break;
  }
  return "missing";
}

std::string as_text(const std::vector<Finding>& findings, const std::string& advice, bool all) {
  std::string text;
  for (const Finding& finding : findings) {
    if (!all && finding.state == Finding::State::kOk) continue;
    const std::string word = word_for(finding.state);
    text += concat(word, std::string(8 - word.size(), ' '), finding.name, ": ", finding.detail);
    text += finding.remedy.empty() ? "\n" : concat("; ", finding.remedy, '\n');
  }
  return text + advice;
}

std::string advice_of(const std::string& suggestion, bool absent) {
  if (suggestion.empty()) return {};
  const char* where = absent ? "/etc/kata-containers/configuration.toml"
                             : "config.d/10-this-host.toml beside configuration.toml";
  return concat("\nThis as ", where, " suits this host:\n\n", suggestion, '\n');
}

std::string as_json(const std::vector<Finding>& findings, const std::string& suggestion, bool ok) {
  ordered_json list = ordered_json::array();
  for (const Finding& finding : findings)
    list.push_back({{"name", finding.name},
                    {"state", word_for(finding.state)},
                    {"detail", finding.detail},
                    {"remedy", finding.remedy}});
  const ordered_json json = {{"ok", ok}, {"findings", list}, {"configuration", suggestion}};
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + '\n';
}

Result<int> check(const Globals& globals, const CommandLine& line) {
  const HostReport host = read_host_report();
  const SetupReport setup = read_setup(globals);
  const auto findings = check_findings(host, setup);
  const std::string suggestion = suggested_configuration(host, setup);
  const bool ok = std::none_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.state == Finding::State::kMissing;
  });
  std::string text = line.is_set("json") ? as_json(findings, suggestion, ok)
                                         : as_text(findings, advice_of(suggestion, setup.absent()),
                                                   !line.is_set("quiet"));
  if (!line.is_set("json") && !line.is_set("quiet"))
    text += ok ? "containers can run here\n" : "no container can run here\n";
  std::fputs(text.c_str(), stdout);
  return ok ? 0 : 1;
}

}  // namespace

Verb check_verb() {
  namespace po = boost::program_options;
  Verb verb;
  verb.name = "check";
  verb.summary = "see whether containers can run on this host";
  verb.description =
      "Looks at the host and at what the configuration needs of it: KVM, vsock, tap devices, "
      "memory,\n"
      "the guest, the VMM, virtiofsd, the plugins, the length of socket paths. Each line is ok,\n"
      "slower (works, but see the remedy) or missing (no container can run), and for what a change "
      "of\n"
      "the configuration would cure, that change is printed as TOML. Starts no VM.";
  verb.exit_status = "0 when containers can run; 1 when something is missing.";
  verb.examples =
      "  kata-runtime check\n"
      "  kata-runtime check --json | jq -r '.findings[] | select(.state != \"ok\")'\n";
  verb.least_operands = verb.most_operands = 0;
  verb.add_flags = [](po::options_description& flags) {
    auto add = flags.add_options();
    add("json", po::bool_switch(), "print JSON");
    add("quiet,q", po::bool_switch(), "print only what is not ok");
  };
  verb.run = check;
  return verb;
}

}  // namespace kata::runtime
