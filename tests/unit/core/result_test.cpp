// SPDX-License-Identifier: Apache-2.0
#include "kata/result.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <filesystem>
#include <memory>

#include "kata/concat.h"
#include "kata/unique_fd.h"

namespace kata {

namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return make_error(ErrorCode::kInvalidArgument, "odd");
  return number / 2;
}

Result<int> quarter(int number) {
  const int once = KATA_TRY(half(number), concat("halve ", number));
  return KATA_TRY(half(once), concat("halve ", once));
}

Result<void> check_even(int number) {
  KATA_TRY(half(number), "");
  return {};
}

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

}  // namespace

TEST_CASE("a result is a value or an error") {
  CHECK(half(4).ok());
  CHECK(half(4).value() == 2);
  CHECK(half(4).take() == 2);
  CHECK_FALSE(half(3));
  CHECK(half(3).error() == Error{ErrorCode::kInvalidArgument, 0, "odd"});
  CHECK(check_even(2).ok());
  CHECK(check_even(3).error().message == "odd");
}

TEST_CASE("an error gathers actions with the outermost first") {
  CHECK(quarter(8).value() == 2);
  CHECK(quarter(3).error().message == "halve 3: odd");
  CHECK(quarter(6).error().message == "halve 3: odd");
  CHECK(in_context(quarter(3).error(), "count").message == "count: halve 3: odd");
  CHECK(in_context(quarter(3).error(), "").message == "halve 3: odd");
}

TEST_CASE("a result carries what can only be moved") {
  Result<std::unique_ptr<int>> made = std::make_unique<int>(7);
  REQUIRE(made.ok());
  CHECK(*made.take() == 7);
}

TEST_CASE("an errno becomes its code and its text") {
  const Error error = errno_error("open 'x'", ENOENT);
  CHECK(error.code == ErrorCode::kNotFound);
  CHECK(error.sys_errno == ENOENT);
  CHECK(error.message == "open 'x': No such file or directory");
  CHECK(code_of_errno(EACCES) == ErrorCode::kPermission);
  CHECK(code_of_errno(EEXIST) == ErrorCode::kAlreadyExists);
  CHECK(code_of_errno(ENOSPC) == ErrorCode::kResourceExhausted);
  CHECK(code_of_errno(ETIMEDOUT) == ErrorCode::kTimeout);
  CHECK(code_of_errno(EIO) == ErrorCode::kInternal);
}

TEST_CASE("concat joins text and paths and characters and integers") {
  CHECK(concat("a", 'b', std::string("c"), std::string_view("d"), std::filesystem::path("/e"), -1,
               std::uint64_t{18446744073709551615U}) == "abcd/e-118446744073709551615");
  CHECK(concat().empty());
}

TEST_CASE("a descriptor has one owner and is closed with it") {
  int number = -1;
  {
    UniqueFd first(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    REQUIRE(first);
    number = first.get();
    UniqueFd second(std::move(first));
    CHECK_FALSE(first);
    CHECK(second.get() == number);
    second = std::move(second);
    CHECK(second.get() == number);
    CHECK(is_open(number));
  }
  CHECK_FALSE(is_open(number));
  UniqueFd third(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int released = third.release();
  CHECK_FALSE(third);
  CHECK(is_open(released));
  ::close(released);
}

}  // namespace kata
