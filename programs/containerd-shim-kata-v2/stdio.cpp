// SPDX-License-Identifier: Apache-2.0
#include "programs/containerd-shim-kata-v2/stdio.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <filesystem>
#include <utility>

#include "kata/concat.h"

namespace kata::shim_v2 {

namespace asio = boost::asio;

namespace {

// Opened for reading and writing, a FIFO waits for nobody.
Result<UniqueFd> open_fifo(const std::string& path, int mode) {
  UniqueFd fifo(::open(path.c_str(), mode | O_NONBLOCK | O_CLOEXEC));
  if (!fifo) return errno_error(concat("open '", path, "'"), errno);
  struct stat status {};
  if (::fstat(fifo.get(), &status) != 0) return errno_error(concat("look at '", path, "'"), errno);
  if (S_ISFIFO(status.st_mode)) return fifo;
  return make_error(ErrorCode::kInvalidArgument, concat("'", path, "': expected a FIFO"));
}

Result<UniqueFd> open_log_file(const std::filesystem::path& path) {
  std::error_code failure;
  std::filesystem::create_directories(path.parent_path(), failure);
  UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_CLOEXEC, 0644));
  if (!file) return errno_error(concat("open '", path, "'"), errno);
  return file;
}

}  // namespace

asio::awaitable<Result<std::unique_ptr<Stdio>>> Stdio::open(StdioRequest request) {
  auto stdio = std::make_unique<Stdio>();
  KATA_CO_CHECK(co_await stdio->open_all(request), "");
  co_return stdio;
}

asio::awaitable<Result<void>> Stdio::open_all(const StdioRequest& request) {
  const auto loop = co_await asio::this_coro::executor;
  KATA_CO_CHECK(open_input(loop, request.in), "stdin");
  KATA_CO_CHECK(co_await open_output(request, request.out, out), "stdout");
  if (!request.terminal) {
    KATA_CO_CHECK(co_await open_output(request, request.err, err), "stderr");
  }
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Stdio::open_output(const StdioRequest& request,
                                                 const std::string& uri, Output& output) {
  const auto loop = co_await asio::this_coro::executor;
  KATA_CO_TRY(StdioTarget target, parse_stdio_target(uri), "");
  if (target.kind == StdioTarget::Kind::kFifo) {
    KATA_CO_TRY(UniqueFd fifo, open_fifo(target.path, O_RDWR), "");
    output = Output::to_pipe(loop, std::move(fifo));
  } else if (target.kind == StdioTarget::Kind::kFile) {
    KATA_CO_TRY(UniqueFd file, open_log_file(target.path), "");
    output = Output::to_file(std::move(file));
  } else if (target.kind == StdioTarget::Kind::kBinary) {
    const bool first = logger_ == nullptr;
    if (!first && uri != logger_uri_)
      co_return make_error(ErrorCode::kUnsupported,
                           "stdout and stderr with two different loggers: name one for both");
    if (first) {
      LoggerRequest logger{std::move(target), request.container_id, request.container_namespace};
      KATA_CO_TRY(logger_, co_await Logger::start(std::move(logger)), "");
      logger_uri_ = uri;
    }
    output = Output::to_pipe(loop, std::move(first ? logger_->out : logger_->err));
  }
  co_return Result<void>{};
}

Result<void> Stdio::open_input(const asio::any_io_executor& loop, const std::string& path) {
  if (path.empty()) return {};
  UniqueFd fifo = KATA_TRY(open_fifo(path, O_RDONLY), "");
  input_holder_ = KATA_TRY(open_fifo(path, O_WRONLY), "");
  input_.emplace(loop, fifo.release());
  return {};
}

asio::awaitable<std::string> Stdio::read_input() {
  std::string block(kInputBlock, '\0');
  while (input_) {
    const ssize_t got = ::read(input_->native_handle(), block.data(), block.size());
    if (got > 0) {
      block.resize(static_cast<std::size_t>(got));
      co_return block;
    }
    if (got == 0 || (errno != EAGAIN && errno != EINTR)) break;
    block = {};  // nothing is held while nothing comes
    const auto [failure] = co_await input_->async_wait(asio::posix::stream_descriptor::wait_read,
                                                       asio::as_tuple(asio::use_awaitable));
    if (failure) break;
    block.resize(kInputBlock);
  }
  co_return std::string();
}

void Stdio::abandon_input() {
  input_holder_.reset();
  input_.reset();
}

asio::awaitable<void> Stdio::finish() {
  out.close();
  err.close();
  if (logger_) co_await logger_->finish();
}

}  // namespace kata::shim_v2
