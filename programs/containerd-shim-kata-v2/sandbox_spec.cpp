// SPDX-License-Identifier: Apache-2.0
#include "programs/containerd-shim-kata-v2/sandbox_spec.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/base/files.h"
#include "core/base/log.h"
#include "kata/concat.h"
#include "sandbox/oci_spec.h"
#include "sandbox/store.h"

namespace kata::shim_v2 {

namespace fs = std::filesystem;
namespace api = containerd::sandbox_api;
using nlohmann::json;

namespace {

constexpr std::size_t kLargestSpec = 4U << 20;  // bytes
constexpr const char* kPodConfig = "runtime.v1.PodSandboxConfig";
constexpr const char* kContainerdsOwn = "io.kubernetes.cri.";  // annotations that no pod may set

// A sandbox's config.json may leave out what only a container needs.
void complete(json& spec) {
  const auto add = [&](const char* key, json value) {
    if (!spec.contains(key)) spec[key] = std::move(value);
  };
  if (spec.value("ociVersion", json("")) == json("")) spec["ociVersion"] = "1.0.0";
  add("process", {{"cwd", "/"}, {"args", {"/"}}, {"user", {{"uid", 0}, {"gid", 0}}}});
  add("root", {{"path", "rootfs"}});
  add("linux", {{"namespaces", {{{"type", "network"}}}}});
}

Result<void> read_spec(const fs::path& bundle, grpc::Spec& spec) {
  const fs::path file = bundle / "config.json";
  std::error_code failure;
  if (!fs::exists(file, failure)) return {};
  const std::string text = KATA_TRY(read_file(file, kLargestSpec), "");
  json document = json::parse(text, nullptr, false);
  if (!document.is_object())
    return make_error(ErrorCode::kInvalidArgument, concat(file, ": expected a JSON object"));
  complete(document);
  std::vector<std::string> warnings;
  KATA_TRY(sandbox::parse_spec(document.dump(), file.native(), spec, &warnings), "");
  for (const std::string& warning : warnings) log::warn(warning);
  return {};
}

// As containerd itself names the group of a pod.
std::string cgroups_path(const std::string& parent, const std::string& id) {
  if (parent.empty()) return {};
  const std::string name = fs::path(parent).filename();
  return name.ends_with(".slice") ? concat(name, ":cri-containerd:", id)
                                  : (fs::path(parent) / id).native();
}

std::string joined(const google::protobuf::RepeatedPtrField<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += concat(' ', word);
  return text;
}

std::vector<std::string> dns_lines(const api::DnsConfig& config) {
  std::vector<std::string> lines;
  if (config.searches_size() > 0) lines.push_back("search" + joined(config.searches()));
  for (const std::string& server : config.servers()) lines.push_back("nameserver " + server);
  if (config.options_size() > 0) lines.push_back("options" + joined(config.options()));
  return lines;
}

Result<void> check_dns(const std::vector<std::string>& lines) {
  const auto is_odd = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; };
  for (const std::string& line : lines)
    if (std::any_of(line.begin(), line.end(), is_odd))
      return make_error(ErrorCode::kInvalidArgument,
                        "the pod's dns_config: expected words, found a control character");
  return {};
}

void set_limits(const api::ContainerResources& limits, grpc::LinuxResources& resources) {
  resources.mutable_memory()->set_limit(limits.memory_limit_in_bytes());
  resources.mutable_cpu()->set_quota(limits.cpu_quota());
  if (limits.cpu_period() > 0)
    resources.mutable_cpu()->set_period(static_cast<std::uint64_t>(limits.cpu_period()));
}

Result<void> apply_pod(const api::CreateSandboxRequest& request, SandboxDescription& sandbox) {
  api::PodSandboxConfig pod;
  if (!pod.ParseFromString(request.options().value()))
    return make_error(ErrorCode::kInvalidArgument,
                      concat("options: expected a valid message of type ", kPodConfig));
  const auto& settings = pod.linux();
  if (settings.security_context().namespace_options().network() == api::NODE)
    return make_error(ErrorCode::kUnsupported,
                      "the pod asks for the host's own network (hostNetwork): a VM cannot share "
                      "it; leave that out or choose another runtime class");
  grpc::Spec& spec = sandbox.spec;
  if (!pod.hostname().empty()) spec.set_hostname(pod.hostname());
  for (const auto& [key, value] : pod.annotations())
    if (!key.starts_with(kContainerdsOwn)) (*spec.mutable_annotations())[key] = value;
  for (const auto& [name, value] : settings.sysctls())
    (*spec.mutable_linux()->mutable_sysctl())[name] = value;
  auto path = cgroups_path(settings.cgroup_parent(), request.sandbox_id());
  if (!path.empty()) spec.mutable_linux()->set_cgroupspath(std::move(path));
  if (settings.has_resources())
    set_limits(settings.resources(), *spec.mutable_linux()->mutable_resources());
  sandbox.dns = dns_lines(pod.dns_config());
  return check_dns(sandbox.dns);
}

// `netns`: empty: the spec's, or a new one if there was no spec to say.
void set_network(const std::string& netns, bool told, grpc::Linux& settings) {
  auto& spaces = *settings.mutable_namespaces();
  auto entry = std::find_if(spaces.begin(), spaces.end(),
                            [](const auto& space) { return space.type() == "network"; });
  const bool there = entry != spaces.end();
  if (netns.empty() && (there || told)) return;
  grpc::LinuxNamespace& network = there ? *entry : *spaces.Add();
  network.set_type("network");
  network.set_path(netns);
}

}  // namespace

Result<void> check_sandbox_request(const api::CreateSandboxRequest& request) {
  KATA_TRY(sandbox::check_id(request.sandbox_id()), "sandbox_id");
  if (!fs::path(request.bundle_path()).is_absolute())
    return make_error(ErrorCode::kInvalidArgument, concat("bundle_path '", request.bundle_path(),
                                                          "': expected an absolute path"));
  if (!request.netns_path().empty() && request.netns_path().front() != '/')
    return make_error(ErrorCode::kInvalidArgument,
                      concat("netns_path '", request.netns_path(), "': expected an absolute path"));
  return {};
}

Result<SandboxDescription> describe_sandbox(const api::CreateSandboxRequest& request) {
  SandboxDescription sandbox;
  KATA_TRY(read_spec(request.bundle_path(), sandbox.spec), "");
  const bool told = !sandbox.spec.version().empty();
  if (request.options().type_url().ends_with(kPodConfig)) KATA_TRY(apply_pod(request, sandbox), "");
  for (const auto& [key, value] : request.annotations())
    (*sandbox.spec.mutable_annotations())[key] = value;
  set_network(request.netns_path(), told, *sandbox.spec.mutable_linux());
  return sandbox;
}

}  // namespace kata::shim_v2
