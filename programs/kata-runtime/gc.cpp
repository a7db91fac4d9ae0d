// SPDX-License-Identifier: Apache-2.0
#include <boost/program_options/value_semantic.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "kata/concat.h"
#include "programs/kata-runtime/duration.h"
#include "programs/kata-runtime/orphans.h"
#include "programs/kata-runtime/verbs.h"

namespace kata::runtime {

using nlohmann::ordered_json;

namespace {

struct Outcome {
  Orphan orphan{};
  std::string failure{};
};

std::string text_of(const std::vector<Outcome>& outcomes, bool dry_run) {
  std::string text;
  for (const Outcome& outcome : outcomes)
    if (outcome.failure.empty())
      text += concat(dry_run ? "would remove " : "removed ", outcome.orphan.what, ": ",
                     outcome.orphan.why, '\n');
  return text;
}

std::string json_of(const std::vector<Outcome>& outcomes, bool dry_run) {
  ordered_json all = ordered_json::array();
  for (const auto& [orphan, failure] : outcomes)
    all.push_back({{"id", orphan.id},
                   {"pid", orphan.process.pid},
                   {"containers", orphan.containers},
                   {"why", orphan.why},
                   {"removed", !dry_run && failure.empty()},
                   {"error", failure}});
  return all.dump(2, ' ', false, ordered_json::error_handler_t::replace) + '\n';
}

Result<std::chrono::seconds> grace_of(const CommandLine& line) {
  const std::string text = line.text("older-than");
  if (text == "0" || text == "0s") return std::chrono::seconds(0);
  return std::chrono::ceil<std::chrono::seconds>(KATA_TRY(duration(text), "--older-than"));
}

Result<int> gc(const Globals& globals, const CommandLine& line) {
  const bool dry_run = line.is_set("dry-run");
  const auto grace = KATA_TRY(grace_of(line), "");
  const auto found = KATA_TRY(find_orphans(globals.store(), grace), "");
  std::vector<Outcome> outcomes;
  bool failed = !found.unclear.empty();
  for (const std::string& remark : found.unclear)
    std::fprintf(stderr, "kata-runtime: left alone: %s\n", remark.c_str());
  for (const Orphan& orphan : found.orphans) {
    const auto removed = dry_run ? Result<void>() : remove_orphan(globals, orphan);
    outcomes.push_back({orphan, removed.ok() ? "" : removed.error().message});
    if (removed.ok()) continue;
    failed = true;
    std::fprintf(stderr, "kata-runtime: %s: %s\n", orphan.what.c_str(),
                 outcomes.back().failure.c_str());
  }
  std::fputs((line.is_set("json") ? json_of : text_of)(outcomes, dry_run).c_str(), stdout);
  return failed ? 1 : 0;
}

}  // namespace

Verb gc_verb() {
  namespace po = boost::program_options;
  Verb verb;
  verb.name = "gc";
  verb.operands = "";
  verb.summary = "remove what dead sandboxes left";
  verb.description =
      "Finds sandboxes below --root whose kata-proxy has died, what a killed 'create' began, and\n"
      "processes whose sandbox is gone, and removes them with their mounts, helper processes, "
      "links\n"
      "and records. What lives is never touched, nor is a stopped container whose VM still runs:\n"
      "that is for 'delete'. A sandbox whose record is damaged is reported and left alone while a\n"
      "process of it lives.";
  verb.exit_status = "0 when nothing is left, also when nothing was there; 1 when something is.";
  verb.examples =
      "  kata-runtime gc --dry-run\n"
      "  kata-runtime gc --older-than 10m --json\n";
  verb.least_operands = verb.most_operands = 0;
  verb.add_flags = [](po::options_description& flags) {
    auto add = flags.add_options();
    add("dry-run,n", po::bool_switch(), "only say what would be removed");
    add("older-than", po::value<std::string>()->value_name("TIME")->default_value("1m"),
        "leave what was changed less than so long ago: a verb may be at work there");
    add("json", po::bool_switch(), "report as JSON");
  };
  verb.run = gc;
  return verb;
}

}  // namespace kata::runtime
