// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/cri/client.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <vector>

#include "kata/concat.h"

namespace kata::test {

namespace {

grpc::ByteBuffer buffer_of(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

std::string bytes_of(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices)
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

}  // namespace

struct CriClient::Connection {
  explicit Connection(const std::string& target)
      : stub(grpc::CreateChannel(target, grpc::InsecureChannelCredentials())) {}

  grpc::GenericStub stub;
};

CriClient::CriClient(const std::filesystem::path& socket)
    : connection_(std::make_unique<Connection>(concat("unix://", socket))) {}

CriClient::~CriClient() = default;

Result<std::string> CriClient::ask(const std::string& method, const std::string& request,
                                   std::chrono::seconds time) const {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + time);
  context.set_wait_for_ready(true);
  grpc::CompletionQueue queue;
  const auto call = connection_->stub.PrepareUnaryCall(&context, concat("/runtime.v1.", method),
                                                       buffer_of(request), &queue);
  call->StartCall();
  grpc::ByteBuffer reply;
  grpc::Status status;
  call->Finish(&reply, &status, nullptr);
  void* tag = nullptr;
  bool completed = false;
  queue.Next(&tag, &completed);
  if (status.ok()) return bytes_of(reply);
  return make_error(ErrorCode::kInternal, concat("status ", static_cast<int>(status.error_code()),
                                                 ": ", status.error_message()));
}

}  // namespace kata::test
