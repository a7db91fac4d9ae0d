// SPDX-License-Identifier: Apache-2.0
#include "mirror.h"

#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/tc_act/tc_mirred.h>
#include <netlink/errno.h>
#include <netlink/route/act/mirred.h>
#include <netlink/route/cls/u32.h>
#include <netlink/route/tc.h>

#include <chrono>
#include <thread>

#include "kata/concat.h"
#include "netlink.h"

namespace kata::tap {

namespace {

constexpr std::uint32_t kIngress = TC_HANDLE(0xffff, 0);
constexpr int kAttempts = 6;

Error no_memory() {
  return make_error(ErrorCode::kResourceExhausted, "make traffic rule: no memory");
}

Netlink<rtnl_qdisc> ingress_of(int link) {
  Netlink<rtnl_qdisc> qdisc(rtnl_qdisc_alloc());
  if (!qdisc) return qdisc;
  auto* const rule = TC_CAST(qdisc.get());
  rtnl_tc_set_ifindex(rule, link);
  rtnl_tc_set_parent(rule, TC_H_INGRESS);
  rtnl_tc_set_handle(rule, kIngress);
  if (rtnl_tc_set_kind(rule, "ingress") < 0) qdisc.reset();
  return qdisc;
}

Netlink<rtnl_act> redirect_to(int link) {
  Netlink<rtnl_act> action(rtnl_act_alloc());
  if (!action || rtnl_tc_set_kind(TC_CAST(action.get()), "mirred") < 0) return {};
  rtnl_mirred_set_action(action.get(), TCA_EGRESS_REDIR);
  rtnl_mirred_set_ifindex(action.get(), static_cast<std::uint32_t>(link));
  rtnl_mirred_set_policy(action.get(), TC_ACT_STOLEN);
  return action;
}

}  // namespace

Result<bool> has_ingress(nl_sock& socket, int link) {
  nl_cache* filled = nullptr;
  const int code = rtnl_qdisc_alloc_cache(&socket, &filled);
  if (code < 0) return netlink_error("list queueing disciplines", code);
  const Netlink<nl_cache> cache(filled);
  const Netlink<rtnl_qdisc> found(rtnl_qdisc_get_by_parent(filled, link, TC_H_INGRESS));
  return found != nullptr;
}

Result<void> add_ingress(nl_sock& socket, int link) {
  const auto qdisc = ingress_of(link);
  if (!qdisc) return no_memory();
  int code = 0;
  for (int attempt = 1; attempt <= kAttempts; ++attempt) {
    code = rtnl_qdisc_add(&socket, qdisc.get(), NLM_F_CREATE | NLM_F_EXCL);
    if (code != -NLE_BUSY) break;
    if (attempt < kAttempts) std::this_thread::sleep_for(std::chrono::milliseconds(10 * attempt));
  }
  if (code < 0) return netlink_error("add ingress qdisc (kernel module sch_ingress)", code);
  return {};
}

Result<void> redirect(nl_sock& socket, int from, int to) {
  const Netlink<rtnl_cls> filter(rtnl_cls_alloc());
  const auto action = redirect_to(to);
  if (!filter || !action) return no_memory();
  auto* const rule = TC_CAST(filter.get());
  rtnl_tc_set_ifindex(rule, from);
  rtnl_tc_set_parent(rule, kIngress);
  rtnl_cls_set_prio(filter.get(), 1);
  rtnl_cls_set_protocol(filter.get(), ETH_P_ALL);
  if (rtnl_tc_set_kind(rule, "u32") < 0) return no_memory();
  int code = rtnl_u32_add_key_uint32(filter.get(), 0, 0, 0, 0);
  if (code >= 0) code = rtnl_u32_set_cls_terminal(filter.get());
  if (code >= 0) code = rtnl_u32_add_action(filter.get(), action.get());
  if (code >= 0) code = rtnl_cls_add(&socket, filter.get(), NLM_F_CREATE | NLM_F_EXCL);
  if (code < 0)
    return netlink_error("add redirecting filter (kernel modules cls_u32 and act_mirred)", code);
  return {};
}

Result<void> remove_ingress(nl_sock& socket, int link) {
  if (!KATA_TRY(has_ingress(socket, link), "")) return {};
  const auto qdisc = ingress_of(link);
  if (!qdisc) return no_memory();
  const int code = rtnl_qdisc_delete(&socket, qdisc.get());
  if (code < 0 && code != -NLE_OBJ_NOTFOUND && code != -NLE_NODEV)
    return netlink_error("remove ingress qdisc", code);
  return {};
}

}  // namespace kata::tap
