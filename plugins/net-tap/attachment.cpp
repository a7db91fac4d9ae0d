// SPDX-License-Identifier: Apache-2.0
#include "attachment.h"

#include <netlink/errno.h>

#include "kata/concat.h"
#include "mirror.h"
#include "netlink.h"
#include "rate_limit.h"

namespace kata::tap {

namespace {

Result<void> remove_tap(nl_sock& socket, const Attachment& attachment) {
  const auto tap = KATA_TRY(find_link(socket, attachment.tap_index), "");
  const bool ours = tap && rtnl_link_get_name(tap.get()) == attachment.tap &&
                    (attachment.tap_mac.empty() || mac_of(*tap) == attachment.tap_mac);
  if (!ours) return {};
  const int code = rtnl_link_delete(&socket, tap.get());
  if (code < 0 && code != -NLE_NODEV && code != -NLE_OBJ_NOTFOUND)
    return netlink_error("remove it", code);
  return {};
}

Result<void> unmirror(nl_sock& socket, const Attachment& attachment) {
  if (!attachment.mirrored && !attachment.limited) return {};
  const auto link = KATA_TRY(find_link(socket, attachment.link_index), "");
  if (!link || mac_of(*link) != attachment.link_mac) return {};
  if (attachment.limited) KATA_TRY(remove_limit(socket, attachment.link_index), "");
  if (!attachment.mirrored) return {};
  return remove_ingress(socket, attachment.link_index);
}

}  // namespace

Attachment attachment_of(const Link& link, const Tap& tap, std::string device) {
  return {printable(link.name), link.index, link.mac, tap.name, tap.index, tap.mac, false, false,
          std::move(device)};
}

Result<void> join(nl_sock& socket, Attachment& attachment) {
  const std::string link = concat("link '", attachment.link, "'");
  const std::string tap = concat("tap '", attachment.tap, "'");
  KATA_TRY(add_ingress(socket, attachment.link_index), link);
  attachment.mirrored = true;
  KATA_TRY(add_ingress(socket, attachment.tap_index), tap);
  KATA_TRY(redirect(socket, attachment.link_index, attachment.tap_index), link);
  KATA_TRY(redirect(socket, attachment.tap_index, attachment.link_index), tap);
  return {};
}

Result<void> undo(nl_sock& socket, const std::vector<Attachment>& attachments) {
  Result<void> result;
  const auto note = [&result](Result<void> done, const std::string& what) {
    if (!done.ok() && result.ok()) result = in_context(std::move(done).error(), what);
  };
  for (auto it = attachments.rbegin(); it != attachments.rend(); ++it) {
    note(unmirror(socket, *it), concat("link '", it->link, "'"));
    note(remove_tap(socket, *it), concat("tap '", it->tap, "'"));
  }
  return result;
}

}  // namespace kata::tap
