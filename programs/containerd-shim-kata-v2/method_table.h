// SPDX-License-Identifier: Apache-2.0
//
// Methods of an object as those of a ttRPC service.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <utility>

#include "kata/result.h"
#include "protocol/ttrpc/server.h"
#include "sandbox/shielded.h"

namespace kata::shim_v2 {

// What changes something goes on when its caller has gone.
enum class WhenCallerGoes { kFinish, kGiveUp };

template <class Object, class Request, class Response>
void add_method(ttrpc::Server& server, const char* service, const char* name, Object& object,
                boost::asio::awaitable<Result<Response>> (Object::*method)(Request),
                WhenCallerGoes mode) {
  ttrpc::handle<Request, Response>(
      server, service, name,
      [&object, method, mode](Request request) -> boost::asio::awaitable<Result<Response>> {
        auto call = (object.*method)(std::move(request));
        if (mode == WhenCallerGoes::kGiveUp) co_return co_await std::move(call);
        co_return co_await sandbox::shielded(std::move(call));
      });
}

}  // namespace kata::shim_v2
