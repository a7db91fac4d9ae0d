// SPDX-License-Identifier: Apache-2.0
#include "agent/iptables.h"

#include <unistd.h>

#include "agent/guest_command.h"
#include "kata/concat.h"

namespace asio = boost::asio;

namespace kata::agent {
namespace {

constexpr std::chrono::seconds kTimeout{30};

Result<std::string> program(IpFamily family, std::string_view verb) {
  const std::string name = concat(family == IpFamily::kV6 ? "ip6tables-" : "iptables-", verb);
  for (const char* directory : {"/usr/sbin/", "/sbin/"}) {
    std::string path = directory + name;
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return make_error(ErrorCode::kUnsupported,
                    concat("the guest's image has no '", name,
                           "' in /usr/sbin or /sbin: build one with the iptables package"));
}

Error failed(const std::string& what, const CommandResult& result) {
  std::string words = result.errors;
  for (char& letter : words)
    if (letter == '\n' || static_cast<unsigned char>(letter) >= 0x80) letter = ' ';
  return make_error(ErrorCode::kInternal, concat(what, ": exit code ", result.code, ": ", words));
}

Deadline soon() { return std::chrono::steady_clock::now() + kTimeout; }

}  // namespace

asio::awaitable<Result<std::string>> save_iptables(Signals& signals, IpFamily family) {
  KATA_CO_TRY(std::string path, program(family, "save"), "");
  std::vector<std::string> arguments(1, path);
  KATA_CO_TRY(CommandResult result,
              co_await run_command(signals, std::move(arguments), std::string(), soon()), "");
  if (result.code != 0 && result.output.empty()) co_return failed(path, result);
  co_return std::move(result.output);
}

asio::awaitable<Result<std::string>> restore_iptables(Signals& signals, IpFamily family,
                                                      std::string rules) {
  KATA_CO_TRY(std::string path, program(family, "restore"), "");
  std::vector<std::string> arguments(1, path);
  arguments.insert(arguments.end(), {"--wait", "5"});
  KATA_CO_TRY(CommandResult result,
              co_await run_command(signals, std::move(arguments), std::move(rules), soon()), "");
  if (result.code != 0) co_return failed(path, result);
  co_return std::move(result.output);
}

}  // namespace kata::agent
