// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-agent-ctl/copy_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <nlohmann/json.hpp>

#include "kata/concat.h"
#include "kata/unique_fd.h"

namespace kata::agentctl {

namespace {

constexpr std::size_t kChunk = 1U << 20;  // as Kata's hosts do
constexpr std::uint32_t kDirectoryMode = 0755;

class Request {
 public:
  explicit Request(Message& message) : message_(message) {}

  void text(const char* name, const std::string& value) {
    message_.GetReflection()->SetString(&message_, field(name), value);
  }
  void size(const char* name, std::int64_t value) {
    message_.GetReflection()->SetInt64(&message_, field(name), value);
  }
  void mode(const char* name, std::uint32_t value) {
    if (message_.GetReflection()->GetUInt32(message_, field(name)) == 0)
      message_.GetReflection()->SetUInt32(&message_, field(name), value);
  }

 private:
  const Field* field(const char* name) const {
    return message_.GetDescriptor()->FindFieldByName(name);
  }
  Message& message_;
};

Result<std::string> read_chunk(int file, const std::string& path) {
  std::string chunk(kChunk, '\0');
  std::size_t filled = 0;
  while (filled < chunk.size()) {
    const ssize_t got = ::read(file, chunk.data() + filled, chunk.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error(concat("read '", path, "'"), errno);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  chunk.resize(filled);
  return chunk;
}

Result<void> send_regular(const std::string& path, std::int64_t size, Message& message,
                          const std::function<Result<void>(const Message&)>& send) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file) return errno_error(concat("open '", path, "'"), errno);
  Request request(message);
  request.size("file_size", size);
  std::int64_t sent = 0;
  do {
    const std::string chunk = KATA_TRY(read_chunk(file.get(), path), "");
    if (chunk.empty() && sent < size)
      return make_error(ErrorCode::kFailedPrecondition,
                        concat("read '", path, "': it became shorter meanwhile: try again"));
    request.size("offset", sent);
    request.text("data", chunk);
    KATA_TRY(send(message), "");
    sent += static_cast<std::int64_t>(chunk.size());
  } while (sent < size);
  return {};
}

Result<std::string> link_target(const std::string& path) {
  std::array<char, PATH_MAX> target;
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  if (size < 0) return errno_error(concat("read link '", path, "'"), errno);
  return std::string(target.data(), static_cast<std::size_t>(size));
}

bool take_pair(const std::string& word, std::string_view key, std::string& value) {
  if (!word.starts_with(key) || word.size() <= key.size() || word[key.size()] != '=') return false;
  value = word.substr(key.size() + 1);
  return true;
}

bool take_object(const std::string& word, CopySource& copy) {
  constexpr std::string_view kJson = "json://";
  const std::string text = word.starts_with(kJson) ? word.substr(kJson.size()) : word;
  const auto document = nlohmann::json::parse(text, nullptr, false);
  if (!document.is_object() || document.size() != 2) return false;
  for (const char* key : {"src", "dest"})
    if (!document.contains(key) || !document[key].is_string()) return false;
  copy.source = document["src"];
  copy.destination = document["dest"];
  return true;
}

}  // namespace

Result<CopySource> take_copy_source(Words& words) {
  CopySource copy;
  const auto is_taken = [&copy](const std::string& word) {
    return take_pair(word, "src", copy.source) || take_pair(word, "dest", copy.destination) ||
           take_object(word, copy);
  };
  words.erase(std::remove_if(words.begin(), words.end(), is_taken), words.end());
  if (copy.source.empty() != copy.destination.empty())
    return make_error(ErrorCode::kInvalidArgument, "CopyFile: give both src=FILE and dest=PATH");
  return copy;
}

Result<void> copy_file(const CopySource& copy, Message& request,
                       const std::function<Result<void>(const Message&)>& send) {
  struct stat status {};
  if (::lstat(copy.source.c_str(), &status) != 0)
    return errno_error(concat("look at '", copy.source, "'"), errno);
  Request fields(request);
  fields.text("path", copy.destination);
  fields.mode("file_mode", status.st_mode);
  fields.mode("dir_mode", kDirectoryMode);
  if (S_ISREG(status.st_mode)) return send_regular(copy.source, status.st_size, request, send);
  if (S_ISLNK(status.st_mode)) fields.text("data", KATA_TRY(link_target(copy.source), ""));
  if (S_ISLNK(status.st_mode) || S_ISDIR(status.st_mode)) return send(request);
  return make_error(ErrorCode::kInvalidArgument,
                    concat("'", copy.source, "': expected a regular file, directory or link"));
}

}  // namespace kata::agentctl
