// SPDX-License-Identifier: Apache-2.0
//
// One end of a stream on the host, written in the order of the calls. Threads: the loop's only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <optional>
#include <string>
#include <string_view>

#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata::shim_v2 {

class Output {
 public:
  Output() = default;  // takes everything and keeps nothing

  // A FIFO or a pipe: waits for its reader. It becomes non-blocking.
  static Output to_pipe(const boost::asio::any_io_executor& loop, UniqueFd pipe);
  // A regular file, which is always ready.
  static Output to_file(UniqueFd file);

  // False: nobody reads any more, or close() came first.
  boost::asio::awaitable<bool> write(std::string_view data);
  void close();  // its reader sees the end; a write that waits gives up

 private:
  bool write_file(std::string_view data);

  bool nowhere_ = true;
  UniqueFd file_{};
  std::optional<boost::asio::posix::stream_descriptor> pipe_{};
};

}  // namespace kata::shim_v2
