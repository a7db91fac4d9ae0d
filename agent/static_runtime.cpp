// SPDX-License-Identifier: Apache-2.0
//
// What keeps the C++ streams out of the static binary: half a megabyte of locales, money and time
// formats that every guest would carry for messages it never prints.
//
// Three doors lead there: protobuf's headers include <iostream>, whose initialiser is defined here
// to do nothing (no code of the agent uses std::cout and its like, and its own files are compiled
// without that header: kata_without_standard_streams in CMake); protobuf's own messages are
// formatted by the object file that defines LogMessage, which is defined here instead; and the
// handler of uncaught exceptions demangles names. Linked into kata-agent only. Should a library
// need more of what is replaced, the link fails with duplicate symbols, never silently.
#include <google/protobuf/stubs/common.h>
#include <google/protobuf/stubs/logging.h>
#include <unistd.h>

#include <cstdlib>
#include <ios>
#include <string>
#include <string_view>

namespace std {
ios_base::Init::Init() {}   // NOLINT(modernize-use-equals-default): the declaration is libstdc++'s
ios_base::Init::~Init() {}  // NOLINT(modernize-use-equals-default)
}  // namespace std

namespace __gnu_cxx {
void __verbose_terminate_handler() { std::abort(); }  // see power.h for PID 1
}  // namespace __gnu_cxx

namespace google::protobuf {

uint32_t ghtonl(uint32_t number) { return __builtin_bswap32(number); }

FatalException::~FatalException() noexcept {}
const char* FatalException::what() const noexcept { return message_.c_str(); }

namespace internal {

LogMessage::LogMessage(LogLevel level, const char* filename, int line)
    : level_(level), filename_(filename), line_(line) {}
LogMessage::~LogMessage() {}

LogMessage& LogMessage::operator<<(const std::string& value) {
  message_ += value;
  return *this;
}
LogMessage& LogMessage::operator<<(const char* value) { return *this << std::string(value); }
LogMessage& LogMessage::operator<<(const StringPiece& value) {
  return *this << std::string(value.data(), value.size());
}
LogMessage& LogMessage::operator<<(char value) { return *this << std::string(1, value); }
LogMessage& LogMessage::operator<<(int value) { return *this << std::to_string(value); }
LogMessage& LogMessage::operator<<(unsigned value) { return *this << std::to_string(value); }
LogMessage& LogMessage::operator<<(long value) { return *this << std::to_string(value); }
LogMessage& LogMessage::operator<<(unsigned long value) { return *this << std::to_string(value); }
LogMessage& LogMessage::operator<<(void* value) {
  return *this << reinterpret_cast<unsigned long>(value);
}

// Errors reach the console as a plain line; what protobuf calls fatal ends the agent.
void LogMessage::Finish() {
  const std::string line = "protobuf: " + message_ + "\n";
  if (level_ >= LOGLEVEL_ERROR) (void)!::write(STDERR_FILENO, line.data(), line.size());
  if (level_ == LOGLEVEL_FATAL) std::abort();
}

void LogFinisher::operator=(LogMessage& message) { message.Finish(); }

// Headers and library are of one package, linked statically.
void VerifyVersion(int, int, const char*) {}

}  // namespace internal
}  // namespace google::protobuf
