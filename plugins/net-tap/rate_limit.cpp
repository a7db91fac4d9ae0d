// SPDX-License-Identifier: Apache-2.0
#include "rate_limit.h"

#include <linux/pkt_sched.h>
#include <netlink/errno.h>
#include <netlink/route/qdisc/tbf.h>
#include <netlink/route/tc.h>

#include <algorithm>

#include "kata/concat.h"
#include "netlink.h"

namespace kata::tap {

namespace {

// A handle marks a qdisc that was put there by somebody.
constexpr std::uint32_t kHandle = TC_HANDLE(1, 0);
// A burst below the longest frame of segmentation offload would make the kernel cut each.
constexpr std::uint64_t kLeastBurst = 66'000;  // bytes
constexpr std::uint64_t kBurstsPerSecond = 250;
constexpr std::uint64_t kQueuesPerSecond = 20;  // frames wait 50 ms at most, then are dropped

Netlink<rtnl_qdisc> root_of(int link) {
  Netlink<rtnl_qdisc> qdisc(rtnl_qdisc_alloc());
  if (!qdisc) return qdisc;
  auto* const rule = TC_CAST(qdisc.get());
  rtnl_tc_set_ifindex(rule, link);
  rtnl_tc_set_parent(rule, TC_H_ROOT);
  rtnl_tc_set_handle(rule, kHandle);
  if (rtnl_tc_set_kind(rule, "tbf") < 0) qdisc.reset();
  return qdisc;
}

Error no_memory() { return make_error(ErrorCode::kResourceExhausted, "limit rate: no memory"); }

}  // namespace

Result<bool> has_root_qdisc(nl_sock& socket, int link) {
  nl_cache* filled = nullptr;
  const int code = rtnl_qdisc_alloc_cache(&socket, &filled);
  if (code < 0) return netlink_error("list queueing disciplines", code);
  const Netlink<nl_cache> cache(filled);
  const Netlink<rtnl_qdisc> found(rtnl_qdisc_get_by_parent(filled, link, TC_H_ROOT));
  return found != nullptr && rtnl_tc_get_handle(TC_CAST(found.get())) != 0;
}

Result<void> limit_rate(nl_sock& socket, int link, std::uint64_t bits_per_second) {
  const auto qdisc = root_of(link);
  if (!qdisc) return no_memory();
  const std::uint64_t rate = bits_per_second / 8;
  const std::uint64_t burst = std::max(kLeastBurst, rate / kBurstsPerSecond);
  rtnl_qdisc_tbf_set_rate(qdisc.get(), static_cast<int>(rate), static_cast<int>(burst), 0);
  rtnl_qdisc_tbf_set_limit(qdisc.get(), static_cast<int>(burst + rate / kQueuesPerSecond));
  const int code = rtnl_qdisc_add(&socket, qdisc.get(), NLM_F_CREATE | NLM_F_EXCL);
  if (code < 0)
    return netlink_error("limit rate (kernel module sch_tbf; or set the rate limit to 0)", code);
  return {};
}

Result<void> remove_limit(nl_sock& socket, int link) {
  if (!KATA_TRY(has_root_qdisc(socket, link), "")) return {};
  const auto qdisc = root_of(link);
  if (!qdisc) return no_memory();
  const int code = rtnl_qdisc_delete(&socket, qdisc.get());
  if (code < 0 && code != -NLE_OBJ_NOTFOUND && code != -NLE_NODEV)
    return netlink_error("remove rate limit", code);
  return {};
}

}  // namespace kata::tap
