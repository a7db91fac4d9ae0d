// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-agent-ctl/copy_file.h"

#include <sys/stat.h>

#include <fstream>

#include "agent.pb.h"
#include "request.h"
#include "tests/temporary_directory.h"

using namespace kata;
using namespace kata::agentctl;

namespace {

std::vector<grpc::CopyFileRequest> parts_of(const std::filesystem::path& source) {
  Request request("CopyFile");
  REQUIRE(request.fill({"uid=5"}).ok());
  std::vector<grpc::CopyFileRequest> parts;
  const auto copied = copy_file({source, "/guest/x"}, *request.message, [&](const Message& part) {
    parts.emplace_back().ParseFromString(part.SerializeAsString());
    return Result<void>();
  });
  CHECK(copied.ok());
  for (const auto& part : parts) {
    CHECK(part.path() == "/guest/x");
    CHECK(part.uid() == 5);
    CHECK(part.dir_mode() == 0755);
  }
  return parts;
}

}  // namespace

TEST_CASE("a file goes in chunks of one MiB with its size and mode") {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "file";
  const std::string content = std::string(1U << 20, 'a') + "tail";
  std::ofstream(path) << content;
  REQUIRE(::chmod(path.c_str(), 0640) == 0);
  const auto parts = parts_of(path);
  REQUIRE(parts.size() == 2);
  CHECK(parts[0].data() + parts[1].data() == content);
  CHECK(parts[1].offset() == 1 << 20);
  for (const auto& part : parts) {
    CHECK(part.file_size() == static_cast<std::int64_t>(content.size()));
    CHECK(part.file_mode() == (S_IFREG | 0640U));
  }
}

TEST_CASE("an empty file and a directory and a link are one request each") {
  const TemporaryDirectory directory;
  std::ofstream(directory.path() / "empty").flush();
  std::filesystem::create_directory(directory.path() / "dir");
  std::filesystem::create_symlink("target", directory.path() / "link");
  const auto empty = parts_of(directory.path() / "empty");
  REQUIRE(empty.size() == 1);
  CHECK((S_ISREG(empty[0].file_mode()) && empty[0].data().empty()));
  const auto folder = parts_of(directory.path() / "dir");
  REQUIRE(folder.size() == 1);
  CHECK(S_ISDIR(folder[0].file_mode()));
  const auto link = parts_of(directory.path() / "link");
  REQUIRE(link.size() == 1);
  CHECK(S_ISLNK(link[0].file_mode()));
  CHECK(link[0].data() == "target");
}

TEST_CASE("src and dest are taken out of the words together or not at all") {
  Words words = {"CopyFile", "src=a", "uid=1", "dest=/b"};
  auto copy = take_copy_source(words);
  REQUIRE(copy.ok());
  CHECK((copy.value().source == "a" && copy.value().destination == "/b"));
  CHECK(words == Words{"CopyFile", "uid=1"});
  Words object = {"CopyFile", R"(json://{"src":"a","dest":"/b"})"};
  CHECK(take_copy_source(object).value().destination == "/b");
  CHECK(object == Words{"CopyFile"});
  Words ordinary = {"CopyFile", R"({"path":"/b"})"};
  CHECK(take_copy_source(ordinary).value().source.empty());
  Words half = {"CopyFile", "src=a"};
  CHECK_FALSE(take_copy_source(half).ok());
}

TEST_CASE("what cannot be copied is refused by name") {
  Request request("CopyFile");
  const auto never = [](const Message&) -> Result<void> {
    FAIL("it was sent");
    return {};
  };
  for (const char* path : {"/nonexistent/file", "/dev/null"}) {
    const auto copied = copy_file({path, "/x"}, *request.message, never);
    REQUIRE_FALSE(copied.ok());
    CHECK(contains(copied.error().message, path));
  }
}
