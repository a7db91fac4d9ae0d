// SPDX-License-Identifier: Apache-2.0
#include "programs/containerd-shim-kata-v2/output.h"

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace kata::shim_v2 {

namespace asio = boost::asio;

Output Output::to_pipe(const asio::any_io_executor& loop, UniqueFd pipe) {
  Output output;
  output.nowhere_ = false;
  ::fcntl(pipe.get(), F_SETFL, ::fcntl(pipe.get(), F_GETFL) | O_NONBLOCK);
  output.pipe_.emplace(loop, pipe.release());
  return output;
}

Output Output::to_file(UniqueFd file) {
  Output output;
  output.nowhere_ = false;
  output.file_ = std::move(file);
  return output;
}

asio::awaitable<bool> Output::write(std::string_view data) {
  if (nowhere_) co_return true;
  if (file_) co_return write_file(data);
  while (pipe_ && !data.empty()) {
    const ssize_t written = ::write(pipe_->native_handle(), data.data(), data.size());
    if (written > 0) data.remove_prefix(static_cast<std::size_t>(written));
    if (written >= 0 || errno == EINTR) continue;
    if (errno != EAGAIN) co_return false;
    const auto [failure] = co_await pipe_->async_wait(asio::posix::stream_descriptor::wait_write,
                                                      asio::as_tuple(asio::use_awaitable));
    if (failure) co_return false;
  }
  co_return pipe_.has_value();
}

bool Output::write_file(std::string_view data) {
  while (!data.empty()) {
    const ssize_t written = ::write(file_.get(), data.data(), data.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    data.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

void Output::close() {
  nowhere_ = false;
  file_.reset();
  pipe_.reset();
}

}  // namespace kata::shim_v2
