// SPDX-License-Identifier: Apache-2.0
//
// Calls of the Container Runtime Interface over a unix socket, as a kubelet makes them. Any number
// of threads may call at once.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "kata/result.h"

namespace kata::test {

class CriClient {
 public:
  explicit CriClient(const std::filesystem::path& socket);
  ~CriClient();

  // `method` as in "RuntimeService/Version". An error's text begins with the number of gRPC's
  // status code.
  template <class Response, class Request>
  Result<Response> call(const std::string& method, const Request& request,
                        std::chrono::seconds time = std::chrono::seconds(120)) const {
    Response response;
    if (!response.ParseFromString(KATA_TRY(ask(method, request.SerializeAsString(), time), method)))
      return make_error(ErrorCode::kInternal, method + ": the reply is not a valid message");
    return response;
  }

 private:
  Result<std::string> ask(const std::string& method, const std::string& request,
                          std::chrono::seconds time) const;

  struct Connection;
  std::unique_ptr<Connection> connection_;
};

}  // namespace kata::test
