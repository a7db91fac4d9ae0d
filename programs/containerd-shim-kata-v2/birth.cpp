// SPDX-License-Identifier: Apache-2.0
#include "programs/containerd-shim-kata-v2/birth.h"

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace kata::shim_v2 {

namespace asio = boost::asio;

namespace {
constexpr char kKnown = 'k';
}  // namespace

Result<BirthPipe> make_birth_pipe() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("make pipe", errno);
  return BirthPipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Result<void> tell_that_it_is_known(int starts_end) {
  if (::write(starts_end, &kKnown, 1) == 1) return {};
  return errno_error("the shim that was started has ended, and its log says why", errno);
}

asio::awaitable<bool> becomes_known(UniqueFd shims_end) {
  const auto loop = co_await asio::this_coro::executor;
  asio::posix::stream_descriptor pipe(loop, shims_end.release());
  char word = 0;
  const auto buffer = asio::buffer(&word, 1);
  const auto [failure, size] =
      co_await pipe.async_read_some(buffer, asio::as_tuple(asio::use_awaitable));
  co_return !failure && size == 1 && word == kKnown;
}

}  // namespace kata::shim_v2
