// SPDX-License-Identifier: Apache-2.0
//
// kata-agent-ctl as its users have it: words in, exit code and both streams out.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "kata/child_process.h"
#include "tests/temporary_directory.h"

struct ToolRun {
  int code = -1;
  std::string out{}, err{};
};

// At most 60 seconds; `input` is its stdin.
inline ToolRun run_tool(const std::vector<std::string>& words, const std::string& input = "") {
  const TemporaryDirectory directory;
  const auto open_stream = [&](const char* name, int flags) {
    return kata::UniqueFd(
        ::open((directory.path() / name).c_str(), flags | O_CREAT | O_CLOEXEC, 0600));
  };
  std::ofstream(directory.path() / "in") << input;
  const kata::UniqueFd in = open_stream("in", O_RDONLY), out = open_stream("out", O_WRONLY),
                       err = open_stream("err", O_WRONLY);
  kata::SpawnRequest request;
  request.argv = {KATA_AGENT_CTL};
  request.argv.insert(request.argv.end(), words.begin(), words.end());
  request.descriptors = {{in.get(), 0}, {out.get(), 1}, {err.get(), 2}};
  auto child = kata::ChildProcess::spawn(std::move(request));
  REQUIRE_MESSAGE(child.ok(), child.error().message);
  const auto ended =
      child.value().wait(std::chrono::steady_clock::now() + std::chrono::seconds(60));
  REQUIRE((ended.ok() && ended.value().has_value()));
  const auto read = [&](const char* name) {
    std::ifstream stream(directory.path() / name);
    return std::string(std::istreambuf_iterator<char>(stream), {});
  };
  return {ended.value()->code, read("out"), read("err")};
}

inline bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}
