// SPDX-License-Identifier: Apache-2.0
//
// Standard streams. Which error an unknown id gives differs by method, as Kata's hosts expect.
#include "agent.pb.h"
#include "agent/rpc/reply.h"

namespace asio = boost::asio;

namespace kata::agent {
namespace {

asio::awaitable<Result<grpc::ReadStreamResponse>> read(Sandbox& sandbox,
                                                       grpc::ReadStreamRequest request,
                                                       Output output, ttrpc::Room room) {
  ContainerTable& containers = sandbox.containers();
  KATA_CO_TRY(const auto process,
              containers.find_streams(request.container_id(), request.exec_id()), "");
  KATA_CO_TRY(std::string data, co_await process->read(output, request.len(), std::move(room)), "");
  if (data.empty()) containers.tidy(request.container_id(), request.exec_id());
  grpc::ReadStreamResponse response;
  response.set_data(std::move(data));
  co_return response;
}

asio::awaitable<Result<std::string>> read_call(Sandbox& sandbox, std::string payload, Output output,
                                               ttrpc::Room room) {
  grpc::ReadStreamRequest request;
  if (!request.ParseFromString(payload))
    co_return make_error(ErrorCode::kInvalidArgument, "the request is not a valid message");
  KATA_CO_TRY(const auto response,
              co_await read(sandbox, std::move(request), output, std::move(room)), "");
  co_return response.SerializeAsString();
}

asio::awaitable<Result<grpc::WriteStreamResponse>> write(Sandbox& sandbox,
                                                         grpc::WriteStreamRequest request) {
  auto process = sandbox.containers().find_process(request.container_id(), request.exec_id());
  if (!process.ok()) co_return make_error(ErrorCode::kInternal, process.error().message);
  grpc::WriteStreamResponse response;
  response.set_len(static_cast<std::uint32_t>(request.data().size()));
  KATA_CO_CHECK(co_await process.value()->write_stdin(std::move(*request.mutable_data())), "");
  co_return response;
}

asio::awaitable<Result<void>> close_stdin(Sandbox& sandbox, grpc::CloseStdinRequest request) {
  KATA_CO_TRY(const auto process,
              sandbox.containers().find_process(request.container_id(), request.exec_id()), "");
  co_return co_await process->close_stdin();
}

Result<void> resize(Sandbox& sandbox, const grpc::TtyWinResizeRequest& request) {
  const auto process =
      KATA_TRY(sandbox.containers().find_process(request.container_id(), request.exec_id()), "");
  return process->resize(request.row(), request.column());
}

}  // namespace

void register_stream_methods(ttrpc::Server& server, Sandbox& sandbox) {
  const auto handle_read = [&](const char* method, Output output) {
    server.handle_paced(kAgentService, method,
                        [&sandbox, output](std::string payload, ttrpc::Room room) {
                          return read_call(sandbox, std::move(payload), output, std::move(room));
                        });
  };
  handle_read("ReadStdout", Output::kStdout);
  handle_read("ReadStderr", Output::kStderr);
  ttrpc::handle<grpc::WriteStreamRequest, grpc::WriteStreamResponse>(
      server, kAgentService, "WriteStdin",
      [&sandbox](grpc::WriteStreamRequest request) { return write(sandbox, std::move(request)); });
  handle_empty<grpc::CloseStdinRequest>(server, "CloseStdin",
                                        [&sandbox](grpc::CloseStdinRequest request) {
                                          return close_stdin(sandbox, std::move(request));
                                        });
  handle_now<grpc::TtyWinResizeRequest>(
      server, "TtyWinResize",
      [&sandbox](const grpc::TtyWinResizeRequest& request) { return resize(sandbox, request); });
}

}  // namespace kata::agent
