// SPDX-License-Identifier: Apache-2.0
//
// A network that gives the guest one tap in the pod's namespace, which somebody else connects.
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>

#include "kata/concat.h"
#include "kata/plugin/export.h"
#include "kata/plugin/network.h"

namespace acme {

using namespace kata;

constexpr plugin::ConfigField kConfig[] = {
    {"address", "string", nullptr, "The guest's address and prefix length."},
};

class AcmeNetwork final : public Network {
 public:
  explicit AcmeNetwork(std::string address) : address_(std::move(address)) {}

  static Result<std::unique_ptr<AcmeNetwork>> create(const plugin::Context& context) {
    const auto keys = nlohmann::json::parse(context.config_json);
    return std::make_unique<AcmeNetwork>(keys.at("address").get<std::string>());
  }

  Result<void> check_host() override {
    const UniqueFd tun(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
    if (!tun) return errno_error("open '/dev/net/tun'", errno);
    return {};
  }

  Result<NetworkPlan> attach(const NetworkSpec& spec) override {
    if (attached_) return make_error(ErrorCode::kAlreadyExists, "the network is attached already");
    TapDevice tap{"net0", "acme0", "02:00:00:00:00:01", {}};
    tap.queues.push_back(KATA_TRY(open_tap(spec.netns), "make tap 'acme0'"));
    attached_ = true;
    NetworkPlan plan;
    plan.devices.push_back(std::move(tap));
    plan.guest.interfaces.push_back({"net0", "eth0", "02:00:00:00:00:01", 1500, {address_}});
    return plan;
  }

  // The tap goes with its last descriptor.
  Result<void> detach() override {
    attached_ = false;
    return {};
  }
  Result<std::string> save_state() const override { return std::string(); }

 private:
  // On a thread of its own, so that the caller keeps its namespace.
  static Result<UniqueFd> open_tap(const std::filesystem::path& netns) {
    Result<UniqueFd> made = make_error(ErrorCode::kInternal, "no thread ran");
    std::thread([&] { made = open_tap_inside(netns); }).join();
    return made;
  }

  static Result<UniqueFd> open_tap_inside(const std::filesystem::path& netns) {
    const UniqueFd space(::open(netns.c_str(), O_RDONLY | O_CLOEXEC));
    if (!space || ::setns(space.get(), CLONE_NEWNET) != 0)
      return errno_error(concat("enter network namespace '", netns, "'"), errno);
    UniqueFd fd(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
    struct ifreq request {};
    std::string_view("acme0").copy(request.ifr_name, IFNAMSIZ - 1);
    request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
    if (!fd || ::ioctl(fd.get(), TUNSETIFF, &request) != 0) return errno_error("TUNSETIFF", errno);
    return fd;
  }

  const std::string address_;
  bool attached_ = false;
};

}  // namespace acme

KATA_PLUGIN(Network, acme::AcmeNetwork, "acme", "1.0.0", "Acme", "Apache-2.0",
            "Gives the guest one tap of the pod's namespace", acme::kConfig);
