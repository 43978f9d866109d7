#pragma once
// Charter: a loop for tests: virtual sockets, a virtual clock and one seed that decides the order
// of everything. The same seed gives the same run. It notices what a real loop would only hang on:
// a deadlock, a lost wake-up, and an operation that outlives the frame it lives in.
//
// Everything happens on its own thread: an event that would come from another thread or a signal
// handler is scheduled by later(). At most one per thread. When nothing goes on the attention is
// called, to see whether other code forgot to wake the loop for it: an attention must do nothing
// when there is nothing to do.

#include <functional>
#include <map>
#include <samjoko/io/loop.hpp>
#include <samjoko/io/simulated_network.hpp>
#include <samjoko/io/timers.hpp>
#include <samjoko/task/frame_pool.hpp>
#include <string>
#include <vector>

namespace samjoko::io {

struct simulated_finding {
  enum class kind { deadlock, lost_wake_up, operation_outlives_frame };
  kind what;
  std::string story;  ///< which task waits for what, for people
};

class simulated_loop final : public loop, private frame_watcher, private wait_observer {
 public:
  explicit simulated_loop(std::uint64_t seed, simulated_faults faults = {});
  ~simulated_loop() override;

  start begin(operation& wanted) override;
  void cancel(operation& pending) noexcept override;
  /// Runs until no task is alive, or until nothing can go on, which is a finding. Cancel the tasks
  /// then, and run again.
  void run() override;
  /// Runs what can go on until that moment of the virtual clock, and stops the clock there. That
  /// nothing goes on is no finding.
  void run_until(steady::time_point end);
  void wake() noexcept override { woken_ = true; }
  [[nodiscard]] bool is_real() const noexcept override { return false; }
  [[nodiscard]] steady::time_point now() const noexcept override { return now_; }
  [[nodiscard]] deadline deadline_after(steady::duration time) const noexcept override {
    return deadline(now_ + time);
  }

  [[nodiscard]] result<os::address> peer_of(int socket) const override {
    return network_.peer_of(socket);
  }
  [[nodiscard]] result<os::address> local_of(int socket) const override {
    return network_.local_of(socket);
  }

  [[nodiscard]] simulated_network& network() noexcept { return network_; }
  /// An event from outside, after a virtual while: another thread, a signal, a peer.
  void later(milliseconds delay, std::function<void()> event);

  [[nodiscard]] const std::vector<simulated_finding>& findings() const noexcept {
    return findings_;
  }
  /// Made of every decision and every result: equal for equal seeds.
  [[nodiscard]] std::uint64_t trace_hash() const noexcept { return trace_; }

 private:
  struct wait {
    waiting* who;
    const char* what;
    bool (*could_go_on)(const waiting&);
  };
  using choice = std::function<void()>;

  void frame_released(const void* frame, std::size_t size) noexcept override;
  void wait_began(waiting& who, const char* what,
                  bool (*could_go_on)(const waiting&)) noexcept override;
  void wait_ended(waiting& who) noexcept override;

  [[nodiscard]] std::vector<choice> choices();
  [[nodiscard]] bool anything_possible();
  /// Does one of the things that can happen now, chosen by the seed. False: there is none.
  bool take_step();
  void go_on(operation& pending);
  void finish(operation& ended, std::int64_t result);
  void tell(operation& ended);
  void set_due(operation& wanted) noexcept;
  [[nodiscard]] bool find_lost_wake_up();
  /// To the next moment at which something is due, unless that is after `latest`.
  [[nodiscard]] bool advance_clock(steady::time_point latest);
  [[nodiscard]] std::string who_waits() const;
  void trace(std::uint64_t what, std::int64_t value) noexcept;
  void found(simulated_finding::kind what, std::string story);

  seeded chance_;
  simulated_network network_;
  steady::time_point now_;
  std::vector<operation*> pending_;
  std::vector<operation*> finished_;
  std::vector<wait> waits_;
  std::multimap<steady::time_point, std::function<void()>> events_;
  std::vector<simulated_finding> findings_;
  std::uint64_t trace_ = 0xcbf29ce484222325u;
  volatile bool woken_ = false;
};

}  // namespace samjoko::io
