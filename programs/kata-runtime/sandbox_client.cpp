// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/sandbox_client.h"

#include "kata/concat.h"
#include "sandbox/container_state.h"

namespace kata::runtime {
namespace {

std::string why_gone(const sandbox::Store& store, const std::string& sandbox_id) {
  const std::string loss = loss_of_sandbox(store, sandbox_id);
  return loss.empty() ? "its kata-proxy does not answer" : loss;
}

}  // namespace

std::string loss_of_sandbox(const sandbox::Store& store, const std::string& sandbox_id) {
  const auto record = store.load_sandbox(sandbox_id);
  if (!record.ok()) return record.error().message;
  if (!record.value().failure.empty()) return record.value().failure;
  return sandbox::is_alive(record.value().proxy) ? "" : "its kata-proxy has died";
}

Error wrong_status(const sandbox::Store& store, const sandbox::ContainerRecord& record,
                   const std::string& needed) {
  const std::string status = status_of(record);
  const std::string loss = status == "stopped" ? loss_of_sandbox(store, record.sandbox_id) : "";
  return make_error(ErrorCode::kFailedPrecondition,
                    concat("container '", record.id, "' is ", status, ": ", needed,
                           loss.empty() ? "" : ": the sandbox is lost: ", loss));
}

std::filesystem::path proxy_socket(const sandbox::Store& store, const std::string& sandbox_id) {
  return store.directory(sandbox_id) / "proxy.sock";
}

Error explain(Error error, const sandbox::Store& store, const std::string& sandbox_id) {
  if (error.code != ErrorCode::kUnavailable && error.code != ErrorCode::kNotFound) return error;
  if (error.code == ErrorCode::kNotFound && error.sys_errno == 0) return error;
  return make_error(ErrorCode::kUnavailable,
                    concat("sandbox '", sandbox_id, "' is gone: ", why_gone(store, sandbox_id),
                           "; 'kata-runtime delete --force' cleans up"));
}

Result<ttrpc::BlockingClient> connect_to_sandbox(const sandbox::Store& store,
                                                 const std::string& sandbox_id) {
  auto client = ttrpc::BlockingClient::connect(proxy_socket(store, sandbox_id));
  if (!client.ok()) return explain(std::move(client).error(), store, sandbox_id);
  return client;
}

}  // namespace kata::runtime
