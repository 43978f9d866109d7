#pragma once
// Charter: a pool of threads for one listener. Each thread accepts by blocking and serves its
// client to the end, as in a pre-forked server. Only when the pool is full and a client waits in
// the backlog do idle clients give up their threads. They go to the idle queue, and a client there
// that sends bytes gets the next free thread. Half-closed clients that are not gone yet go there
// too, under pressure and in a stop.

#include <samjoko/os/event_fd.hpp>
#include <samjoko/serve/accept_loop.hpp>
#include <samjoko/serve/admission.hpp>
#include <samjoko/serve/idle_queue.hpp>
#include <samjoko/serve/pool_size.hpp>

#include <deque>
#include <list>
#include <memory>
#include <mutex>

namespace samjoko::serve {

class thread_pool : public std::enable_shared_from_this<thread_pool> {
 public:
  thread_pool(workload& work, int listener, admission& who, stop_flag& stop,
              os::event_fd& event_fd);

  // Only the main thread calls these functions.

  /// Grows, shrinks, tends the idle queue. `client_waits`: a client is in the backlog.
  void tend(bool client_waits);
  /// Tells every member of the stop flag's level.
  void stop_members();
  [[nodiscard]] bool everybody_left() const noexcept;
  /// Whether clients in the backlog concern the main thread at all.
  [[nodiscard]] bool wants_to_know_of_clients(steady::time_point now) const noexcept;
  [[nodiscard]] int idle_descriptor() const noexcept { return idle_.descriptor(); }
  [[nodiscard]] deadline next_moment() const noexcept;

 private:
  class member;
  friend class member;

  void add_members(std::uint32_t count);
  void retire(std::uint32_t count);
  void relieve(steady::time_point now);
  void take_in_detached();
  void tend_idle(steady::time_point now);
  void hand_to_member(client spoke);
  void interrupt_for_spoken() noexcept;
  void interrupt_accepting() noexcept;
  void tend_to_the_end();
  void drop_idle();
  [[nodiscard]] bool anything_for_idle() const noexcept;
  [[nodiscard]] bool anybody_leaves() const noexcept;
  [[nodiscard]] bool has_backlog_left() const noexcept;
  [[nodiscard]] bool may_accept_left() noexcept;
  void close_drained() noexcept;

  workload& work_;
  const int listener_;
  admission& admission_;
  stop_flag& stop_;
  os::event_fd& event_fd_;
  pool_size size_;
  idle_queue idle_;
  steady::time_point next_relief_{};

  // In a stop the listener may be closed while no member counts as waiting, under this mutex.
  std::mutex door_;
  bool door_is_closed_ = false;  ///< written by the main thread

  // Shared with the members.
  mutable std::mutex mutex_;
  std::list<member*> members_;
  std::deque<client> spoke_;             ///< clients of the idle queue that want a thread
  std::atomic<bool> any_spoke_ = false;  ///< whether spoke_ holds any; changed under the mutex
  std::deque<client> detached_;          ///< on their way into the idle queue; so are the next
  std::deque<half_closed_client> half_closed_;
  std::atomic<std::uint32_t> alive_ = 0;
  std::atomic<std::uint32_t> waiting_ = 0;
  std::atomic<std::uint32_t> to_retire_ = 0;
  std::atomic<bool> crowded_ = false;  ///< no client waits in a thread
  std::atomic<bool> none_waited_ = false;
};

}  // namespace samjoko::serve
