// SPDX-License-Identifier: Apache-2.0
//
// Cloud Hypervisor's API: HTTP/1.1 on a unix socket. One connection a call, so that a reply that
// comes late can never be taken for another's. A call ends at its deadline, and at once when the
// VMM dies. Not thread-safe.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "http_reply.h"
#include "kata/result.h"

namespace kata::cloudhv {

class ApiClient {
 public:
  // `vmm_pidfd`, lent for the life of the client: readable when the VMM is dead.
  ApiClient(std::filesystem::path socket, int vmm_pidfd);

  // Waits until the VMM answers vmm.ping; its reply's body.
  Result<std::string> wait_until_up(Deadline deadline) const;

  // The body of a reply of 200, or "" of 204; any other is an error with the VMM's own words.
  Result<std::string> get(std::string_view endpoint, Deadline deadline) const;
  // `body` is JSON or empty. `fds`, lent, travel with the first byte of the request.
  Result<std::string> put(std::string_view endpoint, std::string_view body, Deadline deadline,
                          std::span<const int> fds = {}) const;

  // The reply as it is.
  Result<HttpReply> exchange(std::string_view method, std::string_view endpoint,
                             std::string_view body, Deadline deadline,
                             std::span<const int> fds = {}) const;

 private:
  std::filesystem::path socket_;
  int vmm_pidfd_;
};

// What a reply that is no success means.
Error refusal(const HttpReply& reply);

// Bytes of the VMM or the guest as one printable line, cut to a length fit for a message.
std::string one_line(std::string_view text);

}  // namespace kata::cloudhv
