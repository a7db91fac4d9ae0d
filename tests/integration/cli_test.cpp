// SPDX-License-Identifier: Apache-2.0
//
// The command line beside those of runc and crun, without a VM: flags, exit codes and what `spec`
// and `list` print. docs/runc-differences.md must name each difference, and no other.
#include <doctest/doctest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "tests/integration/harness/difference_table.h"
#include "tests/integration/harness/runtime.h"
#include "tests/temporary_directory.h"

using namespace kata::test;
using nlohmann::json;

namespace {

constexpr const char* kPage = KATA_SOURCE_DIR "/docs/runc-differences.md";

using Flags = std::set<std::string>;  // "--bundle VALUE", "-b VALUE", "--tty"

struct Program {
  std::string name{}, path{};
  std::regex flag{};  // of a line of its help; groups: short, long, and the value if it takes one
  bool leads_with_short = true;  // false: the long name is the first group
};

// 'runc' lists "--name value, -n value", 'crun' "-n, --name=VALUE", ours "-n [ --name ] VALUE".
const std::vector<Program>& programs() {
  static const std::vector<Program> all = {
      {"ours", KATA_RUNTIME,
       std::regex("^  (?:-(\\w) \\[ )?--([a-z0-9-]+)(?: \\])?( [A-Z]\\S*)?.*"), true},
      {"runc", "/usr/sbin/runc",
       std::regex("^   --([a-z0-9-]+)(?: value)?(?:, -(\\w))?( value)?.*"), false},
      {"crun", "/usr/bin/crun", std::regex("^ +(?:-(\\w), )?--([a-z0-9-]+)(=\\S+)?.*"), true}};
  return all;
}

// Each prints these, in words of its own.
const Flags kOfEveryProgram = {"--help", "-h", "--usage", "--version", "-v"};

bool takes_value(const std::string& line) {
  return std::regex_search(line, std::regex("^   --[a-z0-9-]+ value"));
}

Flags flags_in(const Program& program, const std::string& help) {
  Flags flags;
  std::istringstream in(help);
  for (std::string line; std::getline(in, line);) {
    std::smatch parts;
    if (!std::regex_match(line, parts, program.flag)) continue;
    const bool value = parts[3].matched || (!program.leads_with_short && takes_value(line));
    const std::string suffix = value ? " VALUE" : "";
    const auto& letter = parts[program.leads_with_short ? 1 : 2];
    const auto& word = parts[program.leads_with_short ? 2 : 1];
    if (!kOfEveryProgram.contains("--" + word.str())) flags.insert("--" + word.str() + suffix);
    if (letter.matched && !kOfEveryProgram.contains("-" + letter.str()))
      flags.insert("-" + letter.str() + suffix);
  }
  return flags;
}

// Nothing when the program has no such verb. "" is the command line before the verb.
std::optional<Flags> flags_of(const Program& program, const std::string& verb) {
  std::vector<std::string> words = {program.path};
  if (!verb.empty()) words.push_back(verb);
  words.emplace_back("--help");
  const CommandResult help = run(words);
  if (help.exit_code != 0 || help.out.find("No help topic") != std::string::npos)
    return std::nullopt;
  return flags_in(program, help.out);
}

const std::vector<std::string> kVerbs = {
    "",   "create", "run",    "start",  "state",  "kill", "delete",   "exec",       "list",
    "ps", "pause",  "resume", "update", "events", "spec", "features", "checkpoint", "restore"};

// "exec --cgroup VALUE" → "ours, runc", for each that not all programs with the verb have.
std::map<std::string, std::string> flag_differences() {
  std::map<std::string, std::string> found;
  for (const std::string& verb : kVerbs) {
    std::map<std::string, std::string> owners;
    std::string with_verb;
    for (const Program& program : programs()) {
      const auto flags = flags_of(program, verb);
      if (!flags) continue;
      with_verb += (with_verb.empty() ? "" : ", ") + program.name;
      for (const std::string& flag : *flags)
        owners[flag] += (owners[flag].empty() ? "" : ", ") + program.name;
    }
    for (const auto& [flag, names] : owners)
      if (names != with_verb) found[verb.empty() ? flag : verb + " " + flag] = names;
  }
  return found;
}

std::map<std::string, std::string> documented(const std::string& heading) {
  std::map<std::string, std::string> rows;
  for (const auto& row : table_below(kPage, heading)) {
    REQUIRE(row.size() >= 3);
    CHECK_MESSAGE(row.back().size() >= std::string("likewise").size(), row[0] << " has no explanation");
    rows[row[0]] = row[1];
  }
  return rows;
}

// A directory with a root that is empty, in which no config.json is.
class Place {
 public:
  const std::filesystem::path& path() const { return directory_.path(); }
  CommandResult operator()(const Program& program, const std::string& words) const {
    return run({"/bin/sh", "-c",
                "cd " + path().string() + " && " + program.path + " --root " +
                    (path() / program.name).string() + " " + words + " < /dev/null"});
  }

 private:
  const TemporaryDirectory directory_{};
};

const std::vector<std::string> kCommandLines = {"",
                                                "help",
                                                "--version",
                                                "bogus",
                                                "--bogus",
                                                "--log-format xml list",
                                                "--rootless maybe list",
                                                "state",
                                                "state a b",
                                                "state --bogus a",
                                                "state nobody",
                                                "state ../x",
                                                "state --help",
                                                "list",
                                                "list x",
                                                "list -q",
                                                "list --format=json",
                                                "list -f xml",
                                                "create",
                                                "create nobody",
                                                "create --bogus nobody",
                                                "create --preserve-fds x nobody",
                                                "run",
                                                "run nobody",
                                                "run --bundle /no/such nobody",
                                                "start",
                                                "start nobody",
                                                "kill",
                                                "kill nobody",
                                                "kill nobody BOGUS",
                                                "kill --all nobody KILL",
                                                "delete",
                                                "delete nobody",
                                                "delete --force nobody",
                                                "exec",
                                                "exec nobody",
                                                "exec nobody true",
                                                "exec --bogus nobody true",
                                                "exec --process /no/such nobody",
                                                "ps",
                                                "ps nobody",
                                                "ps -f json nobody",
                                                "pause nobody",
                                                "resume nobody",
                                                "update",
                                                "update nobody",
                                                "update --memory x nobody",
                                                "update -r - nobody",
                                                "events",
                                                "events --stats nobody",
                                                "events --interval x nobody",
                                                "spec x",
                                                "spec --bundle /no/such",
                                                "features x",
                                                "checkpoint nobody",
                                                "restore nobody"};

}  // namespace

TEST_CASE("a flag that not all of these runtimes have is documented with its reason") {
  CHECK(disagreement(flag_differences(), documented("Flags")) == "");
}

TEST_CASE("an exit code that is not that of runc is documented with its reason") {
  const Place place;
  std::map<std::string, std::string> found;
  for (const std::string& words : kCommandLines) {
    const int ours = place(programs()[0], words).exit_code;
    const int runc = place(programs()[1], words).exit_code;
    if (ours != runc) found[words] = std::to_string(ours) + ", not " + std::to_string(runc);
  }
  CHECK(disagreement(found, documented("Exit codes")) == "");
}

TEST_CASE("a member of the default config.json that is not that of runc is documented") {
  const Place place;
  json specs[2];
  for (int index : {0, 1}) {
    const Program& program = programs()[static_cast<std::size_t>(index)];
    std::filesystem::create_directory(place.path() / "b");
    REQUIRE(place(program, "spec --bundle b").exit_code == 0);
    specs[index] = json::parse(std::ifstream(place.path() / "b/config.json"));
    std::filesystem::remove_all(place.path() / "b");
  }
  std::map<std::string, std::string> found;
  for (const json& step : json::diff(specs[1], specs[0])) {
    const std::string kind = step.at("op");
    found[step.at("path")] = kind == "add" ? "ours" : kind == "remove" ? "runc" : "both";
  }
  CHECK(disagreement(found, documented("The default config.json")) == "");
}

TEST_CASE("list of nothing prints what that of runc prints") {
  const Place place;
  const Program &ours = programs()[0], &runc = programs()[1];
  CHECK(place(ours, "list").out == place(runc, "list").out);
  CHECK(place(ours, "list -q").out == place(runc, "list -q").out);
  CHECK(place(ours, "list -f json").out == "[]\n");
  CHECK(place(runc, "list -f json").out == "null\n");
}
