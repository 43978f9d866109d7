#pragma once
// Charter: for tests: a hub that runs in a thread of the test, and can die and come back.

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <samjoko/hub/rendezvous.hpp>
#include <samjoko/hub/server.hpp>
#include <samjoko/os/bell.hpp>
#include <thread>

namespace samjoko::hub {

class running_hub {
 public:
  /// Whoever is forked from now on finds it; start() it behind the forks.
  explicit running_hub(const limits& bounds = {})
      : bounds_(bounds), listener_(open_rendezvous().value()) {}
  running_hub(const running_hub&) = delete;
  running_hub& operator=(const running_hub&) = delete;
  ~running_hub() { stop(); }

  void start() {
    stop_asked_ = false;
    thread_ = std::thread([this] {
      run_server(listener_.get(), bounds_, {.descriptor = bell_.descriptor(), .stop_asked = [this] {
                                              return stop_asked_.load();
                                            }});
    });
  }
  /// As its death: every link is closed, the listener stays.
  void stop() {
    if (!thread_.joinable()) return;
    stop_asked_ = true;
    bell_.ring();
    thread_.join();
    bell_.silence();
  }

 private:
  limits bounds_;
  os::descriptor listener_;
  os::bell bell_;
  std::atomic<bool> stop_asked_ = false;
  std::thread thread_;
};

}  // namespace samjoko::hub
