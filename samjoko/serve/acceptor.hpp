#pragma once
// Charter: the main thread of a model that gives each client a process or a thread of its own. It
// admits clients, waits for room when there is none, and drains the backlog in a stop. The model
// says where a client goes.

#include <memory>
#include <samjoko/serve/accept_loop.hpp>
#include <samjoko/serve/admission.hpp>
#include <samjoko/serve/client.hpp>

namespace samjoko::serve {

class acceptor {
 protected:
  /// `threaded`: other threads need the main thread sometimes, see wake().
  acceptor(workload& work, bool threaded)
      : work_(work),
        admission_(work),
        event_fd_(threaded ? std::make_unique<os::event_fd>() : nullptr),
        room_(work, event_fd_.get()) {}
  ~acceptor() = default;

  /// Accepts until the worker is told to stop and no client waits in a backlog any more. Then the
  /// listeners are closed: clients that come from now on are refused, or go to a successor, however
  /// long the last client stays.
  void accept_until_stopped();

  /// Gives the client its process or thread. On an error the client stays where it is, and is tried
  /// again after a pause.
  [[nodiscard]] virtual result<void> place(client& whom, const scoreboard::peer_name& peer) = 0;
  /// What failed then, for the log: "fork", "thread".
  [[nodiscard]] virtual const char* call() const noexcept = 0;
  /// Tells all clients of the stop flag's level; their ends make room.
  virtual void tell_clients() = 0;
  /// Every wait of the main thread.
  virtual accept_loop::news wait(bool for_clients, int timeout_ms) {
    return room_.wait(for_clients, timeout_ms);
  }

  /// Ends the main thread's wait. From any thread of a threaded model.
  void wake() noexcept { event_fd_->notify(); }
  [[nodiscard]] stop_flag& stop() noexcept { return room_.stop(); }
  [[nodiscard]] const workload& work() const noexcept { return work_; }
  [[nodiscard]] admission& admissions() noexcept { return admission_; }

 private:
  [[nodiscard]] bool accept_all(int listener);
  void drain_backlog();
  void admit(os::descriptor socket, const scoreboard::peer_name& peer);
  [[nodiscard]] bool pause(milliseconds time);

  workload& work_;
  admission admission_;
  std::unique_ptr<os::event_fd> event_fd_;
  accept_loop room_;
};

}  // namespace samjoko::serve
