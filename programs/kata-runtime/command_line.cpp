// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/command_line.h"

#include <boost/program_options/errors.hpp>
#include <boost/program_options/parsers.hpp>
#include <boost/program_options/value_semantic.hpp>

namespace kata::runtime {

namespace po = boost::program_options;

namespace {

bool takes_value(const po::options_description& known, const std::string& name) {
  const po::option_description* option = known.find_nothrow(name, false);
  return option != nullptr && option->semantic()->max_tokens() > 0;
}

// Whether the flag's value is the word after it. "-abc" is -a -b -c, or -a with the value "bc".
bool value_follows(const po::options_description& known, const std::string& word) {
  if (word.starts_with("--"))
    return word.find('=') == std::string::npos && takes_value(known, word.substr(2));
  for (std::size_t at = 1; at < word.size(); ++at)
    if (takes_value(known, {'-', word[at]})) return at + 1 == word.size();
  return false;
}

bool is_flag(const std::string& word) { return word.size() > 1 && word.front() == '-'; }

// A value is joined to its flag, so that the parser cannot take "-1" for a flag of its own. An
// empty one it takes only as a word of its own.
void add_value(Words& flags, const std::string& value) {
  if (value.empty())
    flags.emplace_back();
  else
    flags.back() += (flags.back().starts_with("--") ? "=" : "") + value;
}

Words split(const po::options_description& known, const Words& words, Flags place,
            Words& operands) {
  Words flags;
  for (auto word = words.begin(); word != words.end(); ++word) {
    const bool over = place == Flags::kBeforeOperands && !operands.empty();
    if (*word == "--" && !over) {
      operands.insert(operands.end(), word + 1, words.end());
      break;
    }
    if (over || !is_flag(*word)) {
      operands.push_back(*word);
      continue;
    }
    flags.push_back(*word);
    if (value_follows(known, *word) && word + 1 != words.end()) add_value(flags, *++word);
  }
  return flags;
}

}  // namespace

Result<CommandLine> parse_command_line(const po::options_description& known, const Words& words,
                                       Flags place) {
  namespace style = po::command_line_style;
  CommandLine line;
  const Words flags = split(known, words, place, line.operands);
  try {
    po::store(po::command_line_parser(flags)
                  .options(known)
                  .style(style::unix_style & ~style::allow_guessing)
                  .run(),
              line.flags);
  } catch (const po::error& error) {
    return make_error(ErrorCode::kInvalidArgument, error.what());
  }
  return line;
}

}  // namespace kata::runtime
