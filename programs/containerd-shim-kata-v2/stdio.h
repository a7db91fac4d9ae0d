// SPDX-License-Identifier: Apache-2.0
//
// The host's ends of a process's standard streams, as containerd's client asked for them.
//
// Threads: the loop's only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <memory>
#include <optional>
#include <string>

#include "kata/result.h"
#include "kata/unique_fd.h"
#include "programs/containerd-shim-kata-v2/logger.h"
#include "programs/containerd-shim-kata-v2/output.h"

namespace kata::shim_v2 {

struct StdioRequest {
  bool terminal = false;                              // then there is no stderr
  std::string in{}, out{}, err{};                     // as in the Task API; empty: none
  std::string container_id{}, container_namespace{};  // for loggers
};

class Stdio {
 public:
  // Opens all, without waiting for the other ends of FIFOs: this end holds them open, so that a
  // client may leave and come back.
  static boost::asio::awaitable<Result<std::unique_ptr<Stdio>>> open(StdioRequest request);

  Output out{}, err{};

  bool has_input() const noexcept { return input_.has_value(); }
  // The next bytes, at most kInputBlock; none at the end. The end comes after close_input() when
  // every writer has gone and all is read.
  boost::asio::awaitable<std::string> read_input();
  void close_input() { input_holder_.reset(); }
  void abandon_input();  // read_input() ends at once

  // Closes the outputs, and waits for loggers to end.
  boost::asio::awaitable<void> finish();

  static constexpr std::size_t kInputBlock = 32768;

 private:
  boost::asio::awaitable<Result<void>> open_all(const StdioRequest& request);
  boost::asio::awaitable<Result<void>> open_output(const StdioRequest& request,
                                                   const std::string& uri, Output& output);
  Result<void> open_input(const boost::asio::any_io_executor& loop, const std::string& path);

  std::optional<boost::asio::posix::stream_descriptor> input_{};
  UniqueFd input_holder_{};  // a writer, which keeps the end away
  std::unique_ptr<Logger> logger_{};
  std::string logger_uri_{};
};

}  // namespace kata::shim_v2
