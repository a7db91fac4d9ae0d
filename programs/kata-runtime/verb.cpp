// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/verb.h"

#include <algorithm>
#include <boost/program_options/value_semantic.hpp>
#include <cstdio>
#include <optional>
#include <sstream>

#include "kata/concat.h"
#include "programs/kata-runtime/version.h"

namespace kata::runtime {

namespace po = boost::program_options;

namespace {

po::options_description flags_of(const Verb& verb) {
  po::options_description flags("Flags");
  if (verb.add_flags != nullptr) verb.add_flags(flags);
  flags.add_options()("help,h", po::bool_switch(), "print this text");
  return flags;
}

std::string manual(const Verb& verb) {
  std::ostringstream text;
  text << "Usage: kata-runtime [global flags] " << verb.name << " [flags] " << verb.operands
       << "\n\n"
       << verb.description << "\n\n"
       << flags_of(verb) << "\nExit status\n  " << verb.exit_status << "\n";
  if (!verb.examples.empty()) text << "\nExamples\n" << verb.examples;
  return text.str();
}

std::string overview() {
  std::ostringstream text;
  text << "Usage: kata-runtime [global flags] VERB [flags] [operands]\n\n"
          "Runs OCI containers, each in a virtual machine of its own.\n\nVerbs\n";
  for (const Verb& verb : all_verbs())
    if (!verb.summary.empty())
      text << "  " << verb.name << std::string(10 - std::min<std::size_t>(9, verb.name.size()), ' ')
           << verb.summary << '\n';
  text << "\n'kata-runtime VERB --help' says more.\n\n" << global_flags();
  return text.str();
}

const Verb* find_verb(std::string_view name) {
  const auto& verbs = all_verbs();
  const auto found = std::find_if(verbs.begin(), verbs.end(),
                                  [name](const Verb& verb) { return verb.name == name; });
  return found == verbs.end() ? nullptr : &*found;
}

Result<int> print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  return 0;
}

Result<int> print_help(const Words& words) {
  if (words.size() < 2) return print(overview());
  if (const Verb* verb = find_verb(words[1])) return print(manual(*verb));
  return make_error(ErrorCode::kInvalidArgument, concat("unknown verb '", words[1], "'"));
}

Result<CommandLine> command_line_of(const Verb& verb, const Words& words) {
  const std::string hint = concat("see 'kata-runtime ", verb.name, " --help'");
  auto parsed = parse_command_line(flags_of(verb), words, verb.place);
  if (!parsed.ok())
    return make_error(ErrorCode::kInvalidArgument,
                      concat(verb.name, ": ", parsed.error().message, ": ", hint));
  const std::size_t count = parsed.value().operands.size();
  if (!parsed.value().is_set("help") && (count < verb.least_operands || count > verb.most_operands))
    return make_error(
        ErrorCode::kInvalidArgument,
        concat(verb.name, ": expected ", verb.operands.empty() ? "no operands" : verb.operands,
               ", found ", count, ": ", hint));
  return parsed;
}

Result<int> run_or_explain(const Verb& verb, const Globals& globals, const CommandLine& line) {
  return line.is_set("help") ? print(manual(verb)) : verb.run(globals, line);
}

// A command line that is none fails with 1 whatever the verb, as with runc.
Result<int> dispatch(const Globals& globals, const Words& words, int& failure) {
  if (globals.version) return print(version_text());
  if (globals.help || words.empty() || words[0] == "help") return print_help(words);
  if (const Verb* verb = find_verb(words[0])) {
    const CommandLine line =
        KATA_TRY(command_line_of(*verb, Words(words.begin() + 1, words.end())), "");
    failure = verb->failure;
    return run_or_explain(*verb, globals, line);
  }
  return make_error(ErrorCode::kInvalidArgument,
                    concat("unknown verb '", words[0], "': see 'kata-runtime --help'"));
}

// What went wrong is one line, whoever wrote parts of it.
std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return text;
}

}  // namespace

Result<int> run_verb(const Verb& verb, const Globals& globals, const Words& words) {
  return run_or_explain(verb, globals, KATA_TRY(command_line_of(verb, words), ""));
}

namespace {

// The log as long as the program's verb runs; the log's sink is borrowed.
class LogOfProgram {
 public:
  ~LogOfProgram() { log::set_sink(nullptr, log::Level::kInfo); }

  Result<void> open(const Globals& globals) {
    if (globals.log.empty()) return {};
    file_.emplace(KATA_TRY(LogFile::open(globals.log, globals.log_format), ""));
    log::set_sink(&*file_, globals.debug ? log::Level::kDebug : log::Level::kInfo);
    return {};
  }

 private:
  std::optional<LogFile> file_{};
};

}  // namespace

int run_program(const char* program, const Words& words) {
  LogOfProgram log;
  int failure = 1;
  const auto run = [&]() -> Result<int> {
    Words rest;
    const Globals globals = KATA_TRY(parse_globals(words, rest), "");
    KATA_TRY(log.open(globals), "");
    return dispatch(globals, rest, failure);
  };
  const Result<int> outcome = run();
  if (outcome.ok()) return outcome.value();
  const std::string message = one_line(outcome.error().message);
  std::fprintf(stderr, "%s: %s\n", program, message.c_str());
  log::error(message);
  return failure;
}

}  // namespace kata::runtime
