// SPDX-License-Identifier: Apache-2.0
//
// docs/agent-rpcs.md against the protocol and the tests that it names.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

const fs::path kSource = KATA_SOURCE_DIR;

std::string text_of(const fs::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

// The first group of each match.
std::set<std::string> matches(const std::string& text, const std::regex& pattern) {
  std::set<std::string> found;
  for (std::sregex_iterator match(text.begin(), text.end(), pattern), end; match != end; ++match)
    found.insert((*match)[1]);
  return found;
}

std::vector<std::string> split(std::string text, const std::string& separator) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; (at = text.find(separator)) != std::string::npos;) {
    parts.push_back(text.substr(0, at));
    text.erase(0, at + separator.size());
  }
  parts.push_back(text);
  return parts;
}

// Titles by method.
std::map<std::string, std::vector<std::string>> rows_of_page() {
  std::map<std::string, std::vector<std::string>> rows;
  std::ifstream page(kSource / "docs/agent-rpcs.md");
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with("| `")) continue;
    const auto cells = split(line.substr(2, line.size() - 4), " | ");
    REQUIRE_MESSAGE(cells.size() == 5, line);
    const std::string method = cells[0].substr(1, cells[0].size() - 2);
    CHECK_MESSAGE(rows.emplace(method, split(cells[4], " · ")).second, method);
  }
  return rows;
}

}  // namespace

TEST_CASE("the page of methods has each of the protocol once") {
  const auto rows = rows_of_page();
  std::string service = text_of(kSource / "protocol/proto/agent.proto");
  service.erase(0, service.find("service AgentService"));
  service.erase(service.find("\n}"));
  const auto methods = matches(service, std::regex(R"(rpc\s+(\w+)\s*\()"));
  CHECK(methods.size() == 42);
  std::set<std::string> on_page;
  for (const auto& [method, titles] : rows) on_page.insert(method);
  CHECK(on_page == methods);
}

TEST_CASE("each test that the page of methods names exists") {
  std::set<std::string> titles;
  const std::regex title("TEST_CASE\\(\\s*\"([^\"]*)\"");
  for (const auto& entry : fs::recursive_directory_iterator(kSource / "tests"))
    if (entry.path().extension() == ".cpp") titles.merge(matches(text_of(entry.path()), title));
  for (const auto& [method, named] : rows_of_page())
    for (const std::string& test : named)
      CHECK_MESSAGE(titles.contains(test), method, " names a test that is not there: ", test);
}
