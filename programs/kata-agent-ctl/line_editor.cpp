// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-agent-ctl/line_editor.h"

#include <histedit.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <vector>

#include "programs/kata-agent-ctl/completion.h"
#include "programs/kata-agent-ctl/words.h"

namespace kata::agentctl {

namespace {

constexpr int kHistorySize = 1000;  // lines

char* prompt(EditLine*) {
  static char text[] = "agent> ";
  return text;
}

std::filesystem::path history_file() {
  const char* state = ::getenv("XDG_STATE_HOME");
  const char* home = ::getenv("HOME");
  if (state != nullptr && *state == '/')
    return std::filesystem::path(state) / "kata-agent-ctl/history";
  if (home == nullptr || *home != '/') return {};
  return std::filesystem::path(home) / ".local/state/kata-agent-ctl/history";
}

// A handler that does nothing ends read(2) with EINTR.
void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = [](int) {};
  ::sigaction(SIGINT, &action, nullptr);
}

std::string common_prefix(const std::vector<std::string>& words) {
  std::string prefix = words.front();
  for (const std::string& word : words) {
    const auto end = std::mismatch(prefix.begin(), prefix.end(), word.begin(), word.end()).first;
    prefix.erase(end, prefix.end());
  }
  return prefix;
}

bool goes_on(const std::string& word) { return word.ends_with('=') || word.ends_with('.'); }

void show(const std::vector<std::string>& candidates) {
  std::fputc('\n', stdout);
  for (const std::string& candidate : candidates) std::printf("%s\n", candidate.c_str());
  std::fflush(stdout);
}

}  // namespace

struct LineEditor::State {
  explicit State(const Schema& known) : schema(known) {}

  static unsigned char complete_word(EditLine* editor, int) {
    void* data = nullptr;
    el_get(editor, EL_CLIENTDATA, &data);
    return static_cast<State*>(data)->complete_here();
  }

  unsigned char complete_here() {
    const LineInfo* line = el_line(edit);
    const std::string text(line->buffer, line->cursor);
    Result<Words> words = split_line(text);
    if (!words.ok()) return CC_ERROR;  // inside quotes or JSON
    std::string current;
    if (!words.value().empty() && !text.ends_with(' ')) {
      current = words.value().back();
      words.value().pop_back();
    }
    const auto candidates = complete(schema, words.value(), current);
    if (candidates.empty()) return CC_ERROR;
    std::string more = common_prefix(candidates).substr(current.size());
    if (candidates.size() == 1 && !goes_on(candidates.front())) more += ' ';
    if (more.empty()) return show(candidates), CC_REDISPLAY;
    return el_insertstr(edit, more.c_str()) == 0 ? CC_REFRESH : CC_ERROR;
  }

  const Schema& schema;
  EditLine* edit = nullptr;
  History* past = nullptr;
};

LineEditor::LineEditor(const Schema& schema) : state_(std::make_unique<State>(schema)) {
  HistEvent event{};
  state_->past = history_init();
  history(state_->past, &event, H_SETSIZE, kHistorySize);
  history(state_->past, &event, H_SETUNIQUE, 1);
  if (const auto file = history_file(); !file.empty())
    history(state_->past, &event, H_LOAD, file.c_str());
  state_->edit = el_init("kata-agent-ctl", stdin, stdout, stderr);
  el_set(state_->edit, EL_CLIENTDATA, state_.get());
  el_set(state_->edit, EL_PROMPT, prompt);
  el_set(state_->edit, EL_EDITOR, "emacs");
  el_set(state_->edit, EL_HIST, history, state_->past);
  el_set(state_->edit, EL_ADDFN, "kata-complete", "completes a word", &State::complete_word);
  el_set(state_->edit, EL_BIND, "^I", "kata-complete", nullptr);
  el_set(state_->edit, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  el_source(state_->edit, nullptr);
}

LineEditor::~LineEditor() {
  HistEvent event{};
  if (const auto file = history_file(); !file.empty()) {
    std::error_code ignored;
    std::filesystem::create_directories(file.parent_path(), ignored);
    const mode_t before = ::umask(0077);
    history(state_->past, &event, H_SAVE, file.c_str());
    ::umask(before);
  }
  el_end(state_->edit);
  history_end(state_->past);
}

std::optional<std::string> LineEditor::read_line() {
  catch_interrupts();  // each time: a call has taken the handler away
  int size = 0;
  errno = 0;
  const char* text = el_gets(state_->edit, &size);
  if (text == nullptr || size <= 0) {
    if (size >= 0 || errno != EINTR) return std::fputc('\n', stdout), std::nullopt;
    el_reset(state_->edit);
    std::fputc('\n', stdout);
    return std::string();
  }
  std::string line(text, static_cast<std::size_t>(size));
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
  HistEvent event{};
  if (!line.empty()) history(state_->past, &event, H_ENTER, line.c_str());
  return line;
}

}  // namespace kata::agentctl
