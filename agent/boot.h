// SPDX-License-Identifier: Apache-2.0
//
// The agent's share of a boot: from its first instruction to its first answer to Health.Check, and
// what of the set-up may come after that. By then the host prepares its next call, so the rest
// takes less of its time than it did before. Threads: the loop's only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <string_view>

namespace kata::agent {

class Boot {
 public:
  // `finish` is the rest of the set-up. It is done once: after the first answer, before the first
  // call that is not about health, or when nobody has called for a moment.
  Boot(const boost::asio::any_io_executor& executor, std::function<void()> finish);

  void listening();                       // from now on a host can call
  void called(std::string_view service);  // before the call is handled
  void checked();                         // by the handler, before its reply is sent
  void complete();                        // now, for whoever needs the rest

 private:
  void answered();

  boost::asio::steady_timer patience_;
  std::function<void()> finish_;
  bool asked_ = false, completed_ = false;
  long listening_us_ = 0, answered_us_ = 0;
};

}  // namespace kata::agent
