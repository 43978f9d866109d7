#pragma once
// Charter: for tests: a hub that runs in a thread of the test, and can die and come back.

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <samjoko/hub/hub_address.hpp>
#include <samjoko/hub/server.hpp>
#include <samjoko/os/event_fd.hpp>
#include <thread>

namespace samjoko::hub {

class running_hub {
 public:
  /// Any process forked from now on finds the hub; call start() after the forks.
  explicit running_hub(const limits& bounds = {})
      : bounds_(bounds), listener_(open_rendezvous().value()) {}
  running_hub(const running_hub&) = delete;
  running_hub& operator=(const running_hub&) = delete;
  ~running_hub() { stop(); }

  void start() {
    stop_asked_ = false;
    thread_ = std::thread([this] {
      run_server(listener_.get(), bounds_,
                 {.descriptor = event_fd_.descriptor(),
                  .stop_asked = [this] { return stop_asked_.load(); }});
    });
  }
  /// Acts as the hub's death: every link is closed, the listener stays.
  void stop() {
    if (!thread_.joinable()) return;
    stop_asked_ = true;
    event_fd_.notify();
    thread_.join();
    event_fd_.clear();
  }

 private:
  limits bounds_;
  os::descriptor listener_;
  os::event_fd event_fd_;
  std::atomic<bool> stop_asked_ = false;
  std::thread thread_;
};

}  // namespace samjoko::hub
