// SPDX-License-Identifier: Apache-2.0
#include "programs/containerd-shim-kata-v2/task_service.h"

#include <boost/asio/awaitable.hpp>

#include "programs/containerd-shim-kata-v2/method_table.h"

namespace kata::shim_v2 {

namespace asio = boost::asio;

namespace {

asio::awaitable<Result<std::string>> refuse_checkpoint(std::string) {
  co_return make_error(ErrorCode::kUnsupported,
                       "a container cannot be checkpointed: its processes are in a VM, which CRIU "
                       "does not reach");
}

void add_all(ttrpc::Server& server, const char* service, Tasks& tasks) {
  constexpr auto kFinish = WhenCallerGoes::kFinish, kGiveUp = WhenCallerGoes::kGiveUp;
  add_method(server, service, "Create", tasks, &Tasks::create, kFinish);
  add_method(server, service, "Start", tasks, &Tasks::start, kFinish);
  add_method(server, service, "Delete", tasks, &Tasks::remove, kFinish);
  add_method(server, service, "Pause", tasks, &Tasks::pause, kFinish);
  add_method(server, service, "Resume", tasks, &Tasks::resume, kFinish);
  add_method(server, service, "Shutdown", tasks, &Tasks::shut_down, kFinish);
  add_method(server, service, "Kill", tasks, &Tasks::kill, kFinish);
  add_method(server, service, "State", tasks, &Tasks::state, kGiveUp);
  add_method(server, service, "Pids", tasks, &Tasks::pids, kGiveUp);
  add_method(server, service, "Exec", tasks, &Tasks::exec, kGiveUp);
  add_method(server, service, "ResizePty", tasks, &Tasks::resize, kGiveUp);
  add_method(server, service, "CloseIO", tasks, &Tasks::close_io, kGiveUp);
  add_method(server, service, "Update", tasks, &Tasks::update, kGiveUp);
  add_method(server, service, "Wait", tasks, &Tasks::wait, kGiveUp);
  add_method(server, service, "Stats", tasks, &Tasks::stats, kGiveUp);
  add_method(server, service, "Connect", tasks, &Tasks::connect, kGiveUp);
  server.handle(service, "Checkpoint", refuse_checkpoint);
}

}  // namespace

void register_task_service(ttrpc::Server& server, Tasks& tasks) {
  for (const char* service : {"containerd.task.v2.Task", "containerd.task.v3.Task"})
    add_all(server, service, tasks);
}

}  // namespace kata::shim_v2
