// SPDX-License-Identifier: Apache-2.0
//
// What a management socket answers, under Kata's paths:
//   GET /metrics      Prometheus' text format: the host's processes, the guest's agent and kernel
//   GET /agent-url    where the agent is reached
//   GET /iptables, /ip6tables    the guest's packet filter as iptables-save prints it
//   PUT /iptables, /ip6tables    replaces it by the body
#pragma once

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>

#include "sandbox/management/http.h"
#include "sandbox/management/subject.h"

namespace kata::management {

// The answer that needs no body: the path or the method is not known, or a length is missing.
std::optional<Response> refuse_early(const RequestHead& head);

boost::asio::awaitable<Response> answer(Subject& subject, RequestHead head, std::string body);

}  // namespace kata::management
