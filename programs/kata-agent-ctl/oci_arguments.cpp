// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-agent-ctl/oci_arguments.h"

#include "oci.pb.h"
#include "programs/kata-agent-ctl/assign.h"
#include "sandbox/oci_spec.h"

namespace kata::agentctl {

namespace {

// The generated class and the described message have the same bytes.
void replace(Message& request, const char* field_name, const google::protobuf::MessageLite& part) {
  const Field* field = request.GetDescriptor()->FindFieldByName(field_name);
  Message* target = request.GetReflection()->MutableMessage(&request, field);
  target->ParseFromString(part.SerializeAsString());
}

}  // namespace

Result<void> apply_bundle(const std::string& directory, Message& request,
                          std::vector<std::string>& warnings) {
  grpc::Spec spec;
  const sandbox::Bundle bundle =
      KATA_TRY(sandbox::load_bundle(std::filesystem::absolute(directory), spec), "bundle");
  spec.mutable_root()->set_path(bundle.rootfs.native());
  warnings.insert(warnings.end(), bundle.warnings.begin(), bundle.warnings.end());
  replace(request, "OCI", spec);
  return {};
}

Result<void> apply_spec(const std::string& file, Message& request,
                        std::vector<std::string>& warnings) {
  grpc::Spec spec;
  const std::string text = KATA_TRY(read_argument_file(file), "spec");
  KATA_TRY(sandbox::parse_spec(text, file, spec, &warnings), "spec");
  replace(request, "OCI", spec);
  return {};
}

Result<void> apply_process(const std::string& file, Message& request, std::vector<std::string>&) {
  grpc::Process process;
  const std::string text = KATA_TRY(read_argument_file(file), "oci_process");
  KATA_TRY(sandbox::parse_process(text, file, process), "oci_process");
  replace(request, "process", process);
  return {};
}

Result<void> apply_resources(const std::string& file, Message& request,
                             std::vector<std::string>& warnings) {
  grpc::LinuxResources resources;
  const std::string text = KATA_TRY(read_argument_file(file), "oci_resources");
  KATA_TRY(sandbox::parse_resources(text, file, resources, &warnings), "oci_resources");
  replace(request, "resources", resources);
  return {};
}

}  // namespace kata::agentctl
