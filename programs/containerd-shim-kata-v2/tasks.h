// SPDX-License-Identifier: Apache-2.0
//
// The Task API of containerd for one sandbox: the table of its containers and their processes, and
// what each call does with them. Calls do not wait for each other, so State answers whatever else
// is going on.
//
// Threads: the loop's only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "containerd/task.pb.h"
#include "kata/result.h"
#include "oci.pb.h"
#include "programs/containerd-shim-kata-v2/event_publisher.h"
#include "programs/containerd-shim-kata-v2/pod.h"
#include "programs/containerd-shim-kata-v2/process.h"
#include "sandbox/event.h"
#include "sandbox/store.h"

namespace kata::shim_v2 {

namespace task = containerd::task;

class Tasks {
 public:
  Tasks(boost::asio::any_io_executor loop, std::string container_namespace, Pod& pod,
        EventPublisher& events, Patience patience = {});

  template <class Response>
  using Reply = boost::asio::awaitable<Result<Response>>;
  using Empty = containerd::Empty;

  // One each of the service's methods. The first six finish what they began when the caller goes.
  Reply<task::CreateTaskResponse> create(task::CreateTaskRequest request);
  Reply<task::StartResponse> start(task::StartRequest request);
  Reply<task::DeleteResponse> remove(task::DeleteRequest request);
  Reply<Empty> pause(task::PauseRequest request);
  Reply<Empty> resume(task::ResumeRequest request);
  Reply<Empty> shut_down(task::ShutdownRequest request);
  Reply<task::StateResponse> state(task::StateRequest request);
  Reply<task::PidsResponse> pids(task::PidsRequest request);
  Reply<Empty> kill(task::KillRequest request);
  Reply<Empty> exec(task::ExecProcessRequest request);
  Reply<Empty> resize(task::ResizePtyRequest request);
  Reply<Empty> close_io(task::CloseIORequest request);
  Reply<Empty> update(task::UpdateTaskRequest request);
  Reply<task::WaitResponse> wait(task::WaitRequest request);
  Reply<task::StatsResponse> stats(task::StatsRequest request);
  Reply<task::ConnectResponse> connect(task::ConnectRequest request);

  // Tells the containers that run to end, and waits until they have.
  boost::asio::awaitable<void> terminate_all(Deadline deadline);

  // What containers are left when the VM has gone is removed from the host.
  boost::asio::awaitable<void> remove_all();

  bool empty() const noexcept { return containers_.empty(); }
  // Containerd has asked this shim to end, and nothing is left.
  boost::asio::awaitable<void> dismissed() { return dismissed_.wait(); }
  void dismiss() { dismissed_.set(); }

 private:
  struct Container {
    explicit Container(const boost::asio::any_io_executor& loop) : created(loop) {}
    sandbox::ContainerRecord record{};
    bool bundle_mounted = false, in_guest = false, reserved = false, leaving = false;
    sandbox::Event created;  // or it could not be, and is gone from the table
    std::shared_ptr<Process> init{};
    std::map<std::string, std::shared_ptr<Process>> execs{};
    std::map<std::string, grpc::Process> exec_specs{};  // until they start
  };
  using ContainerPointer = std::shared_ptr<Container>;

  // create.cpp
  boost::asio::awaitable<Result<void>> make(const task::CreateTaskRequest& request,
                                            ContainerPointer container);
  boost::asio::awaitable<Result<void>> bring_up_for(const task::CreateTaskRequest& request,
                                                    const grpc::Spec& spec,
                                                    const std::filesystem::path& bundle,
                                                    const std::string& sandbox_id);
  boost::asio::awaitable<Result<void>> make_in_sandbox(const task::CreateTaskRequest& request,
                                                       grpc::Spec spec, ContainerPointer container);
  boost::asio::awaitable<void> undo(ContainerPointer container);
  boost::asio::awaitable<void> watch_oom(std::string id);

  // start.cpp
  boost::asio::awaitable<Result<void>> start_container(ContainerPointer container);
  boost::asio::awaitable<Result<void>> start_exec(ContainerPointer container,
                                                  std::shared_ptr<Process> process);

  // remove.cpp
  boost::asio::awaitable<Result<void>> remove_container(ContainerPointer container);
  boost::asio::awaitable<Result<void>> end_created(const ContainerPointer& container);
  Reply<task::DeleteResponse> remove_exec(ContainerPointer container, std::string exec_id);

  boost::asio::awaitable<void> see_to_its_end(std::shared_ptr<Process> process);

  Result<ContainerPointer> find(const std::string& id) const;
  Result<std::shared_ptr<Process>> find_process(const std::string& id,
                                                const std::string& exec_id) const;
  std::shared_ptr<Process> new_process(ProcessIdentity identity, StdioRequest stdio);
  void on_exit(const Process& process);
  void save(const Container& container) const;
  bool is_pods_own(const Container& container) const;
  std::uint32_t pid() const noexcept { return static_cast<std::uint32_t>(pod_.vmm().pid); }
  template <class Event>
  void publish(const char* topic, const char* type, const Event& event) {
    events_.publish(topic, type, event.SerializeAsString());
  }

  boost::asio::any_io_executor loop_;
  std::string namespace_;
  Pod& pod_;
  EventPublisher& events_;
  Patience patience_;
  std::map<std::string, ContainerPointer> containers_{};
  sandbox::Event dismissed_;
};

}  // namespace kata::shim_v2
