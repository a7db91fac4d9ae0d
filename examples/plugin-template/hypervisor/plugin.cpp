// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "kata/child_process.h"
#include "kata/concat.h"
#include "kata/plugin/export.h"
#include "kata/plugin/hypervisor.h"

namespace acme {

using namespace kata;
using std::chrono::steady_clock;

constexpr plugin::ConfigField kConfig[] = {
    {"path", "path", R"("/usr/bin/qemu-system-x86_64")", "The VMM's program."}};

Error cannot(const char* what) { return make_error(ErrorCode::kUnsupported, what); }

class AcmeHypervisor final : public Hypervisor {
 public:
  AcmeHypervisor(std::filesystem::path program, std::filesystem::path state_dir)
      : program_(std::move(program)), socket_(state_dir / "agent.sock") {}

  static Result<std::unique_ptr<AcmeHypervisor>> create(const plugin::Context& context) {
    const auto keys = nlohmann::json::parse(context.config_json);
    auto made =
        std::make_unique<AcmeHypervisor>(keys.at("path").get<std::string>(), context.state_dir);
    std::istringstream saved{std::string(context.saved_state)};
    pid_t pid = 0;
    if (std::uint64_t start_time = 0; saved >> pid >> start_time)
      if (auto vmm = ChildProcess::adopt(pid, start_time); vmm.ok()) made->vmm_ = vmm.take();
    return made;
  }

  HypervisorCapabilities capabilities() const override { return {.vhost_user_fs = true}; }
  Result<void> check_host() override {
    if (::access(program_.c_str(), X_OK) == 0) return {};
    return errno_error(concat("program '", program_, "', key 'path' in [hypervisor.acme]"), errno);
  }

  Result<void> create_vm(VmSpec spec, std::vector<Device> devices) override {
    if (spec.boot.vcpus == 0 || (!spec.initrd.empty() && !spec.image.empty()) ||
        (spec.shared_memory && spec.mergeable_memory))
      return make_error(ErrorCode::kInvalidArgument,
                        "a VM needs a vCPU, an initrd or an image, and memory of one kind");
    const std::string size = concat(spec.boot.memory_mib, "M");
    argv_ = {program_,
             "-nodefaults",
             "-display",
             "none",
             "-no-reboot",
             "-machine",
             "q35,accel=tcg,memory-backend=memory",
             "-m",
             size,
             "-smp",
             std::to_string(spec.boot.vcpus),
             "-object",
             concat("memory-backend-memfd,id=memory,size=", size,
                    ",share=", spec.shared_memory ? "on" : "off"),
             "-kernel",
             spec.kernel,
             "-initrd",
             spec.initrd,
             "-append",
             concat("quiet panic=-1 reboot=t ", spec.kernel_params),
             "-chardev",
             concat("socket,id=agent,server=on,wait=off,path=", socket_.native()),
             "-device",
             "virtio-serial-pci",
             "-device",
             "virtserialport,chardev=agent,name=agent.channel.0"};
    for (const Device& device : devices) {
      const auto* const share = std::get_if<VhostUserFs>(&device);
      if (share == nullptr) return cannot("hypervisor 'acme' carries vhost-user-fs devices only");
      argv_.insert(argv_.end(),
                   {"-chardev", concat("socket,id=fs,path=", share->socket.native()), "-device",
                    concat("vhost-user-fs-pci,chardev=fs,tag=", share->tag)});
    }
    return {};
  }

  Result<void> start_vm(Deadline /*deadline*/) override {
    if (argv_.empty()) return make_error(ErrorCode::kFailedPrecondition, "start before create");
    vmm_ = KATA_TRY(ChildProcess::spawn({.argv = argv_}), "");
    return {};
  }

  Result<void> stop_vm(Deadline deadline) override {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    if (vmm_) KATA_TRY(vmm_.terminate(SIGTERM, deadline), "stop the VMM");
    std::error_code ignored;
    std::filesystem::remove(socket_, ignored);
    return {};
  }

  Result<VmExit> wait_vm() override {
    if (!vmm_) return make_error(ErrorCode::kFailedPrecondition, "no VM was started");
    while (!vmm_.ended_by(steady_clock::now() + std::chrono::hours(1))) {
    }
    std::unique_lock lock(mutex_);  // stop_vm reaps the VMM, too
    const auto status = KATA_TRY(vmm_.wait(steady_clock::now()), "");
    const int code = status ? status->code : -1;
    return VmExit{code, stopping_, concat("the VMM ended with status ", code)};
  }

  Result<AttachedDevice> attach(Device, Deadline) override {
    return cannot("hypervisor 'acme' cannot plug");
  }
  Result<void> detach(std::string_view id, Deadline) override {
    return make_error(ErrorCode::kNotFound, concat("no device '", id, "'"));
  }
  Result<AgentAddress> agent_address() const override {
    if (argv_.empty()) return make_error(ErrorCode::kFailedPrecondition, "no VM was created");
    return AgentAddress(SerialAddress{socket_});
  }
  Result<VmProcesses> processes() const override { return VmProcesses{vmm_.pid(), {}}; }
  Result<std::string> console_tail(std::uint32_t) const override { return std::string(); }
  Result<std::string> save_state() const override {
    const auto start_time = process_start_time(vmm_.pid());
    return start_time.ok() ? concat(vmm_.pid(), ' ', start_time.value()) : std::string();
  }

 private:
  const std::filesystem::path program_, socket_;
  std::vector<std::string> argv_{};
  std::mutex mutex_{};
  ChildProcess vmm_{};
  bool stopping_ = false;
};

}  // namespace acme

KATA_PLUGIN(Hypervisor, acme::AcmeHypervisor, "acme", "1.0.0", "Acme", "Apache-2.0",
            "Runs VMs with QEMU and no monitor", acme::kConfig);
