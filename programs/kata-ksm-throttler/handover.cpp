// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-ksm-throttler/handover.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include "kata/concat.h"
#include "programs/kata-ksm-throttler/handover_names.h"

namespace kata::throttler {

namespace {

constexpr const char* kAsleep = "kata-ksm-throttler-asleep";
constexpr off_t kMostMemory = 1 << 20;

std::vector<int> numbers_in(std::string_view text) {
  std::vector<int> numbers;
  while (!text.empty()) {
    int number = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return {};
    numbers.push_back(number);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.starts_with(' ')) text.remove_prefix(1);
  }
  return numbers;
}

Result<UniqueFd> take(int number) {
  if (::fcntl(number, F_SETFD, FD_CLOEXEC) != 0)
    return errno_error(concat("take over descriptor ", number), errno);
  return UniqueFd(number);
}

Result<std::string> read_all(int fd) {
  struct stat found {};
  if (::fstat(fd, &found) != 0 || found.st_size > kMostMemory)
    return make_error(ErrorCode::kInvalidArgument, "the memory of before the sleep is unreadable");
  std::string text(static_cast<std::size_t>(found.st_size), '\0');
  if (::pread(fd, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
    return errno_error("read the memory of before the sleep", errno);
  return text;
}

Result<UniqueFd> memory_file(const std::string& text) {
  UniqueFd fd(::memfd_create("kata-ksm-throttler", MFD_CLOEXEC));
  if (!fd || ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return errno_error("write what is to be remembered", errno);
  return fd;
}

// A signal between the two programs waits for the second one.
void mask_signals(int how) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT}) ::sigaddset(&set, signal);
  ::sigprocmask(how, &set, nullptr);
}

void keep_open(const std::vector<int>& descriptors, bool kept) {
  for (const int fd : descriptors)
    if (fd >= 0) ::fcntl(fd, F_SETFD, kept ? 0 : FD_CLOEXEC);
}

}  // namespace

Result<std::optional<Handover>> take_handover() {
  const char* text = std::getenv(kDescriptorsVariable);
  if (text == nullptr) return std::optional<Handover>();
  const auto numbers = numbers_in(text);
  ::unsetenv(kDescriptorsVariable);
  ::unsetenv(kSocketVariable);
  if (numbers.size() != 4)
    return make_error(ErrorCode::kInvalidArgument,
                      concat(kDescriptorsVariable,
                             " is not what kata-ksm-throttler has set: remove it "
                             "from the environment"));
  Handover handover;
  handover.lock = KATA_TRY(take(numbers[0]), "");
  handover.listener = KATA_TRY(take(numbers[1]), "");
  if (numbers[2] >= 0) handover.watch = KATA_TRY(take(numbers[2]), "");
  const UniqueFd memory = KATA_TRY(take(numbers[3]), "");
  handover.memory = KATA_TRY(read_all(memory.get()), "");
  return std::optional(std::move(handover));
}

Error fall_asleep(const Handover& handover, const std::filesystem::path& socket,
                  const std::vector<std::string>& argv) {
  auto memory = memory_file(handover.memory);
  if (!memory.ok()) return std::move(memory).error();
  const auto program = std::filesystem::path(argv.at(0)).parent_path() / kAsleep;
  const std::vector<int> kept{handover.lock.get(), handover.listener.get(), handover.watch.get(),
                              memory.value().get()};
  ::setenv(kDescriptorsVariable, concat(kept[0], ' ', kept[1], ' ', kept[2], ' ', kept[3]).c_str(),
           1);
  ::setenv(kSocketVariable, socket.c_str(), 1);
  std::vector<char*> words{const_cast<char*>(program.c_str())};
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  keep_open(kept, true);
  mask_signals(SIG_BLOCK);
  ::execv(program.c_str(), words.data());
  Error error = errno_error(concat("become '", program, "'"), errno);
  mask_signals(SIG_UNBLOCK);
  keep_open(kept, false);
  ::unsetenv(kDescriptorsVariable);
  ::unsetenv(kSocketVariable);
  return error;
}

}  // namespace kata::throttler
