// SPDX-License-Identifier: Apache-2.0
//
// The one thread that calls plugins. It lives as long as the sandbox: the kernel kills the VMM and
// the file server when the thread that started them ends. Calls run one at a time, in the order in
// which they were asked for, so "stop" asked for after "share" also runs after it.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <type_traits>
#include <utility>

namespace kata::sandbox {

class PluginThread {
 public:
  PluginThread() : pool_(1) {}
  ~PluginThread() { pool_.join(); }
  PluginThread(const PluginThread&) = delete;
  PluginThread& operator=(const PluginThread&) = delete;

  // Runs call() on the plugin thread and resumes the awaiting coroutine on its own executor with
  // what it returned. Not cancellable: a call that has begun is waited for.
  template <class Call>
  boost::asio::awaitable<std::invoke_result_t<Call&>> run(Call call) {
    using Outcome = std::invoke_result_t<Call&>;
    auto start = [this](auto handler, Call work) {
      auto executor = boost::asio::get_associated_executor(handler);
      auto task = [handler = std::move(handler), work = std::move(work), executor]() mutable {
        auto finish = [handler = std::move(handler), outcome = work()]() mutable {
          std::move(handler)(std::move(outcome));
        };
        boost::asio::post(executor, std::move(finish));
      };
      boost::asio::post(pool_, std::move(task));
    };
    co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&,
                                                   void(Outcome)>(
        std::move(start), boost::asio::use_awaitable, std::move(call));
  }

 private:
  boost::asio::thread_pool pool_;
};

}  // namespace kata::sandbox
