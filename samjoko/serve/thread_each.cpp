// A thread for each client. The main thread accepts; a thread serves one client by blocking and
// ends with it.

#include <atomic>
#include <cerrno>
#include <list>
#include <memory>
#include <mutex>
#include <new>
#include <samjoko/os/event_fd.hpp>
#include <samjoko/os/socket.hpp>
#include <samjoko/os/thread.hpp>
#include <samjoko/serve/accept_loop.hpp>
#include <samjoko/serve/admission.hpp>
#include <samjoko/serve/model.hpp>
#include <samjoko/serve/own_thread.hpp>
#include <samjoko/serve/session.hpp>

namespace samjoko::serve {
namespace {

/// How many tickets without a client are kept for the next clients.
constexpr std::ptrdiff_t most_spare = 64;

/// Shared with its threads: the last thread may still be leaving when the main thread has seen it
/// go.
class thread_each : public std::enable_shared_from_this<thread_each> {
 public:
  explicit thread_each(workload& work) : work_(work), admission_(work), room_(work, &event_fd_) {}

  void run() {
    while (!room_.stop().requested()) {
      drop_spare();
      if (waiting_socket_ && !start_waiting()) continue;
      if (room_.wait(true, -1).clients)
        room_.for_each_ready([this](int listener) { accept_all(listener); });
    }
    drain_backlog();
    // Clients that come from now on are refused, or go to a successor, however long the last client
    // stays.
    for (const int listener : work_.listeners) work_.close(listener);
    stop_clients();
  }

 private:
  struct client;
  struct ticket;

  /// Accepts clients. While stopping it accepts until no client waits, and then returns true. Out
  /// of threads or descriptors: the other clients wait in the backlog.
  bool accept_all(int listener) {
    const bool stops = room_.stop().requested();
    for (int count = 0; !waiting_socket_ && (stops || count < accepted_per_round); ++count) {
      const int number = accept_now(listener, true);
      if (number == -EAGAIN) return true;
      if (number < 0) {
        const auto pause = pause_after("accept", -number, work_.counts);
        if (pause == milliseconds(0)) continue;
        room_.wait(false, static_cast<int>(pause.count()));
        return false;
      }
      waiting_socket_.reset(number);
      if (!admission_.admit(number, waiting_seats_)) waiting_socket_.reset();
      if (waiting_socket_) start_waiting();
    }
    return false;
  }

  /// Our kernel has already accepted the clients in the backlog: they are served, not reset.
  void drain_backlog() {
    while (room_.stop().level() != stop_level::immediate) {
      if (!waiting_socket_) {
        bool nobody_waits = true;
        for (const int listener : work_.listeners)
          nobody_waits = accept_all(listener) && nobody_waits;
        if (nobody_waits) return;
      }
      tell_clients();  // their ends make room
      if (waiting_socket_) start_waiting();
    }
    if (!waiting_socket_) return;
    waiting_socket_.reset();
    admission_.leave(waiting_seats_);
  }

  bool start_waiting();
  [[nodiscard]] result<void> start_thread();
  ticket& new_ticket();
  void take_back(ticket& of) noexcept;
  void tell_clients();
  void stop_clients();
  void drop_spare();
  void ended(ticket& gone) noexcept;

  workload& work_;
  admission admission_;
  os::event_fd event_fd_;
  accept_loop room_;
  /// A client that was accepted when there was no room for its thread yet.
  os::descriptor waiting_socket_;
  seats waiting_seats_;

  std::mutex mutex_;  ///< guards the lists, and the lives of the loops
  std::list<ticket> clients_;
  std::list<ticket> spare_;  ///< kept for the next clients
  stop_level told_ = stop_level::none;
  std::atomic<std::size_t> alive_ = 0;
};

/// What the main thread keeps of a client, so that the client's thread needs no memory but its
/// stack.
struct thread_each::ticket : os::thread_task {
  std::unique_ptr<thread_memory> memory = std::make_unique_for_overwrite<thread_memory>();
  std::shared_ptr<thread_each> model;
  os::descriptor socket;
  seats held;
  io::blocking_loop* loop = nullptr;  ///< while it lives
  std::list<ticket>::iterator place;
};

/// Lives on the stack of its thread.
struct thread_each::client : session_owner {
  static void serve(os::thread_task& raw) noexcept {
    auto& mine = static_cast<ticket&>(raw);
    const auto model = std::move(mine.model);
    {
      own_loop here(*mine.memory);
      client(mine, *model, here.loop()).run();
    }  // the service's own objects may go as soon as the model says it has ended, and the memory
    model->ended(mine);
  }

  client(ticket& from, thread_each& of, io::blocking_loop& on)
      : mine(from),
        model(of),
        loop(on),
        socket(from.socket.get()),
        served(on, resting_client(std::move(from.socket)), of.work_.offered,
               of.work_.limits.connection, of.room_.stop(), *this) {
    look.self = this;
    look.run = [](runnable& self) noexcept {
      static_cast<attention&>(self).self->served.look_at_stop();
    };
    on.attention = &look;
  }

  void run() noexcept {
    may_be_told(true);
    if (model.room_.stop().requested()) loop.wake();  // it may have missed the round of wakes
    scoreboard::mark_new_client(socket, {});
    served.start();
    loop.run();
    loop.attention = nullptr;
    may_be_told(false);
  }
  void may_be_told(bool yes) noexcept {
    const std::lock_guard lock(model.mutex_);
    mine.loop = yes ? &loop : nullptr;
  }

  void session_ended(session&) noexcept override {}

  struct attention : runnable {
    client* self = nullptr;
  };
  ticket& mine;
  thread_each& model;
  io::blocking_loop& loop;
  int socket;
  attention look;
  session served;
};

bool thread_each::start_waiting() {
  const auto started = start_thread();
  if (started) return true;
  const auto pause = pause_after("thread", started.error().code(), work_.counts);
  room_.wait(false, static_cast<int>(std::max(pause, milliseconds(10)).count()));
  return false;
}

result<void> thread_each::start_thread() {
  ticket* given = nullptr;
  try {
    given = &new_ticket();
  } catch (const std::bad_alloc&) {
    return failure(ENOMEM, "malloc");
  }
  given->model = shared_from_this();
  given->socket = std::move(waiting_socket_);
  given->held = waiting_seats_;
  ++alive_;
  auto started = os::start_thread(work_.limits.stack_size, *given);
  if (started) return started;
  --alive_;
  waiting_socket_ = std::move(given->socket);
  given->model.reset();
  const std::lock_guard lock(mutex_);
  take_back(*given);
  return started;
}

thread_each::ticket& thread_each::new_ticket() {
  const std::lock_guard lock(mutex_);
  if (spare_.empty()) {
    auto& made = spare_.emplace_back();
    made.run = &client::serve;
    made.place = spare_.begin();
  }
  auto& given = spare_.front();
  clients_.splice(clients_.end(), spare_, given.place);
  return given;
}

/// Called under the mutex.
void thread_each::take_back(ticket& of) noexcept {
  spare_.splice(spare_.begin(), clients_, of.place);
}

/// Called after many clients at once, by the main thread, for which freeing is cheap.
void thread_each::drop_spare() {
  std::list<ticket> superfluous;
  const std::lock_guard lock(mutex_);
  if (std::ssize(spare_) <= most_spare) return;
  superfluous.splice(superfluous.end(), spare_, std::next(spare_.begin(), most_spare),
                     spare_.end());
}

void thread_each::ended(ticket& gone) noexcept {
  admission_.leave(gone.held);
  const std::lock_guard lock(mutex_);
  take_back(gone);
  --alive_;
  if (room_.stop().requested()) event_fd_.notify();
}

void thread_each::tell_clients() {
  const auto level = room_.stop().level();
  const std::lock_guard lock(mutex_);
  if (std::exchange(told_, level) == level) return;
  for (auto& each : clients_) {
    if (each.loop != nullptr) each.loop->wake();
  }
}

void thread_each::stop_clients() {
  for (;;) {
    tell_clients();
    {
      const std::lock_guard lock(mutex_);
      if (alive_ == 0) return;
    }
    room_.wait(false, 1000);
  }
}

}  // namespace

result<void> run_thread_each(workload& work) {
  for (const int listener : work.listeners) {
    if (auto set = os::set_blocking(listener, false); !set) return set;
  }
  std::make_shared<thread_each>(work)->run();
  return {};
}

}  // namespace samjoko::serve
