// SPDX-License-Identifier: Apache-2.0
//
// What reaches containerd-shim-kata-v2 from containerd and its clients: its command line and
// environment, the requests of the Task API with what is packed into them, and the URIs of loggers.
#include <google/protobuf/stubs/logging.h>

#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "containerd/task.pb.h"
#include "programs/containerd-shim-kata-v2/create_request.h"
#include "programs/containerd-shim-kata-v2/options.h"
#include "programs/containerd-shim-kata-v2/runtime_options.h"
#include "programs/containerd-shim-kata-v2/start.h"
#include "programs/containerd-shim-kata-v2/stdio_target.h"
#include "sandbox/oci_spec.h"
#include "sandbox/store.h"

namespace {

using namespace kata;
using namespace kata::shim_v2;
namespace task = containerd::task;

void require(bool holds) {
  if (!holds) std::abort();
}

void read_stdio(const std::string& uri) {
  const auto target = parse_stdio_target(uri);
  if (!target.ok()) return;
  require(uri.empty() == (target.value().kind == StdioTarget::Kind::kNone));
  require(uri.empty() || target.value().path.starts_with('/'));
  require(target.value().arguments.size() % 2 == 0);
  if (target.value().kind == StdioTarget::Kind::kFifo && uri.starts_with('/')) return;  // as it is
  require(target.value().path.find('\0') == std::string::npos);
  for (const std::string& word : target.value().arguments)
    require(word.find('\0') == std::string::npos);
}

void read_create(std::string_view bytes) {
  task::CreateTaskRequest request;
  if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  if (check_create_request(request).ok()) {
    require(sandbox::check_id(request.id()).ok());
    require(request.bundle().starts_with('/') && request.checkpoint().empty());
  }
  const auto path = config_path_of(request.options());
  require(!path.ok() || path.value().empty() || !request.options().value().empty());
  require(rootfs_of(request).size() == static_cast<std::size_t>(request.rootfs_size()));
  const StdioRequest stdio = stdio_of(request);
  for (const std::string& uri : {stdio.out, stdio.err}) read_stdio(uri);
}

void read_exec_and_update(std::string_view bytes) {
  task::ExecProcessRequest exec;
  grpc::Process process;
  if (exec.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    static_cast<void>(sandbox::parse_process(exec.spec().value(), "spec", process).ok());
  task::UpdateTaskRequest update;
  grpc::LinuxResources resources;
  if (update.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    static_cast<void>(
        sandbox::parse_resources(update.resources().value(), "resources", resources, nullptr).ok());
}

// Words between line ends; the last one is a variable's value.
void read_call(std::string_view bytes) {
  std::vector<std::string> words{std::string()};
  for (const char c : bytes)
    if (c == '\n')
      words.emplace_back();
    else if (c != '\0')
      words.back() += c;
  std::vector<const char*> pointers;
  for (const std::string& word : words) pointers.push_back(word.c_str());
  const auto options = parse_options(pointers);
  if (options.ok() &&
      (options.value().action == Action::kStart || options.value().action == Action::kDelete)) {
    require(sandbox::check_id(options.value().id).ok());
    const std::string address = socket_address(options.value(), options.value().id);
    require(socket_path(address).native().size() < 108);  // of a socket's name
    const Environment environment =
        read_environment([&](const char*) -> const char* { return words.back().c_str(); });
    const std::string text = bootstrap_text(address, environment.max_version);
    require(text == address || nlohmann::json::parse(text).at("address") == address);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  google::protobuf::SetLogHandler(nullptr);
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      read_create(rest);
      break;
    case 1:
      read_exec_and_update(rest);
      break;
    case 2:
      read_call(rest);
      break;
    default:
      read_stdio(std::string(rest));
  }
  return 0;
}
