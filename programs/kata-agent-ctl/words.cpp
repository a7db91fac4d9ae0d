// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-agent-ctl/words.h"

#include "kata/concat.h"

namespace kata::agentctl {

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

Error unclosed(char what) {
  return make_error(ErrorCode::kInvalidArgument,
                    concat("the line ends before its '", what, "' is closed"));
}

class Splitter {
 public:
  explicit Splitter(std::string_view line) : line_(line) {}

  Result<Words> run() {
    Words words;
    for (;;) {
      while (at_ < line_.size() && is_blank(line_[at_])) ++at_;
      if (at_ == line_.size() || line_[at_] == '#') return words;
      words.emplace_back();
      KATA_TRY(read_word(words.back()), "");
    }
  }

 private:
  Result<void> read_word(std::string& word) {
    while (at_ < line_.size() && !is_blank(line_[at_])) {
      const char c = line_[at_];
      if (c == '\'' || c == '"')
        KATA_TRY(read_quoted(word), "");
      else if ((c == '{' || c == '[') && begins_json(word))
        KATA_TRY(read_json(word), "");
      else
        read_plain(word);
    }
    return {};
  }

  static bool begins_json(const std::string& word) {
    return word.empty() || word.ends_with('=') || word == "json://";
  }

  void read_plain(std::string& word) {
    if (line_[at_] == '\\' && at_ + 1 < line_.size()) ++at_;
    word.push_back(line_[at_++]);
  }

  Result<void> read_quoted(std::string& word) {
    const char quote = line_[at_++];
    while (at_ < line_.size() && line_[at_] != quote) {
      if (quote == '"' && line_[at_] == '\\' && at_ + 1 < line_.size() &&
          (line_[at_ + 1] == '"' || line_[at_ + 1] == '\\'))
        ++at_;
      word.push_back(line_[at_++]);
    }
    if (at_ == line_.size()) return unclosed(quote);
    ++at_;
    return {};
  }

  // Verbatim; brackets inside JSON's strings do not count.
  Result<void> read_json(std::string& word) {
    const char open = line_[at_];
    int depth = 0;
    bool in_string = false;
    for (; at_ < line_.size(); ++at_) {
      const char c = line_[at_];
      word.push_back(c);
      if (in_string && c == '\\' && at_ + 1 < line_.size())
        word.push_back(line_[++at_]);
      else if (c == '"')
        in_string = !in_string;
      else if (!in_string && (c == '{' || c == '['))
        ++depth;
      else if (!in_string && (c == '}' || c == ']') && --depth == 0)
        return ++at_, Result<void>();
    }
    return unclosed(open);
  }

  std::string_view line_;
  std::size_t at_ = 0;
};

}  // namespace

Result<Words> split_line(std::string_view line) { return Splitter(line).run(); }

}  // namespace kata::agentctl
