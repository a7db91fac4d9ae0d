// SPDX-License-Identifier: Apache-2.0
#include "kata/send_fds.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <vector>

#include "kata/unique_fd.h"

namespace kata {

namespace {

struct Pair {
  UniqueFd one{}, other{};
};

Pair pair_of_sockets() {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::vector<UniqueFd> receive(int socket, char& first) {
  iovec part{&first, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMaxSentFds)> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  REQUIRE(::recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) == 1);
  std::vector<UniqueFd> fds;
  const cmsghdr* const header = CMSG_FIRSTHDR(&message);
  if (header == nullptr) return fds;
  for (std::size_t at = 0; at < (header->cmsg_len - CMSG_LEN(0)) / sizeof(int); ++at) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(header) + at * sizeof fd, sizeof fd);
    fds.emplace_back(fd);
  }
  return fds;
}

}  // namespace

TEST_CASE("descriptors arrive with the first byte, none or as many as the kernel takes") {
  for (const std::size_t count : {std::size_t{0}, std::size_t{1}, kMaxSentFds}) {
    CAPTURE(count);
    const Pair sockets = pair_of_sockets();
    const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const std::vector<int> fds(count, null.get());
    REQUIRE(send_with_fds(sockets.one.get(), "x", fds) == 1);
    char first = 0;
    CHECK(receive(sockets.other.get(), first).size() == count);
    CHECK(first == 'x');
    CHECK(::fcntl(null.get(), F_GETFD) >= 0);
  }
}

TEST_CASE("no text, too many descriptors and a peer that left are errors and no signal") {
  Pair sockets = pair_of_sockets();
  const int fd = sockets.one.get();
  CHECK(send_with_fds(fd, "", {&fd, 1}) == -1);
  CHECK(errno == EINVAL);
  CHECK(send_with_fds(fd, "x", std::vector<int>(kMaxSentFds + 1, fd)) == -1);
  CHECK(errno == EINVAL);
  sockets.other.reset();
  CHECK(send_with_fds(fd, "x", {}) == -1);
  CHECK(errno == EPIPE);
}

}  // namespace kata
