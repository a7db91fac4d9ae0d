// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <boost/program_options/value_semantic.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "kata/concat.h"
#include "programs/kata-runtime/verbs.h"
#include "sandbox/container_state.h"

namespace kata::runtime {

using nlohmann::ordered_json;

namespace {

using Row = std::array<std::string, 6>;

// One damaged record must not hide the other containers.
ordered_json states(const sandbox::Store& store, const Words& ids) {
  ordered_json all = ordered_json::array();
  for (const std::string& id : ids) {
    const auto record = store.load_container(id);
    if (record.ok())
      all.push_back(state_json(record.value()));
    else if (record.error().code != ErrorCode::kNotFound)
      std::fprintf(stderr, "kata-runtime: %s\n", record.error().message.c_str());
  }
  return all;
}

std::string table(const ordered_json& containers) {
  std::vector<Row> rows = {{"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"}};
  for (const auto& item : containers)
    rows.push_back({item["id"], std::to_string(item["pid"].get<int>()), item["status"],
                    item["bundle"], item["created"], item["owner"]});
  constexpr std::size_t kLeastWidth = 9;  // runc's columns, so that scripts cut alike
  std::array<std::size_t, std::tuple_size_v<Row>> widths{};
  widths.fill(kLeastWidth);
  for (const Row& row : rows)
    for (std::size_t at = 0; at < row.size(); ++at)
      widths[at] = std::max(widths[at], row[at].size());
  std::string text;
  for (const Row& row : rows) {
    for (std::size_t at = 0; at + 1 < row.size(); ++at)
      text += row[at] + std::string(widths[at] - row[at].size() + 3, ' ');
    text += row.back() + '\n';
  }
  return text;
}

Result<int> list(const Globals& globals, const CommandLine& line) {
  const std::string format = line.text("format");
  if (format != "table" && format != "json")
    return make_error(ErrorCode::kInvalidArgument,
                      concat("--format '", format, "': expected table or json"));
  const sandbox::Store store = globals.store();
  const ordered_json all = states(store, KATA_TRY(store.container_ids(), ""));
  std::string text;
  if (line.is_set("quiet"))
    for (const auto& item : all) text += item["id"].get<std::string>() + '\n';
  else if (format == "json")
    text = all.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + '\n';
  else
    text = table(all);
  std::fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace

Verb list_verb() {
  namespace po = boost::program_options;
  Verb verb;
  verb.name = "list";
  verb.summary = "list the containers below --root";
  verb.description = "Lists containers by id with pid, status, bundle, creation time and owner.";
  verb.exit_status = "0, also when there is none.";
  verb.examples =
      "  kata-runtime list\n"
      "  kata-runtime list --format json | jq -r '.[].id'\n";
  verb.least_operands = verb.most_operands = 0;
  verb.add_flags = [](po::options_description& flags) {
    auto add = flags.add_options();
    add("format,f", po::value<std::string>()->value_name("FORMAT")->default_value("table"),
        "table or json");
    add("quiet,q", po::bool_switch(), "only the ids");
  };
  verb.run = list;
  return verb;
}

}  // namespace kata::runtime
