// SPDX-License-Identifier: Apache-2.0
#include "guest_interface.h"

#include <net/if.h>

namespace kata::tap {

GuestInterface guest_interface(const std::string& device, const Link& link) {
  GuestInterface guest;
  guest.device_id = device;
  guest.name = link.name;
  guest.mac = link.mac;
  guest.mtu = link.mtu;
  guest.addresses = link.addresses;
  if (link.no_arp) guest.raw_flags = IFF_NOARP;
  return guest;
}

}  // namespace kata::tap
