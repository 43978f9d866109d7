// A thread for each client. The main thread accepts; a thread serves one client by blocking and
// ends with it.

#include <atomic>
#include <cerrno>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <samjoko/os/bell.hpp>
#include <samjoko/os/socket.hpp>
#include <samjoko/os/thread.hpp>
#include <samjoko/serve/admission.hpp>
#include <samjoko/serve/model.hpp>
#include <samjoko/serve/own_thread.hpp>
#include <samjoko/serve/session.hpp>
#include <samjoko/serve/waiting_room.hpp>

namespace samjoko::serve {
namespace {

/// Shared with its threads: the last one may still be leaving when the main thread has seen it go.
class thread_each : public std::enable_shared_from_this<thread_each> {
 public:
  explicit thread_each(workload& work)
      : work_(work), admission_(work.limits, work.counts), room_(work, &bell_) {}

  void run() {
    while (!room_.stop().requested()) {
      if (waiting_socket_ && !start_waiting()) continue;
      if (room_.wait(true, -1).clients)
        room_.for_each_ready([this](int listener) { accept_all(listener); });
    }
    drain_backlog();
    stop_clients();
  }

 private:
  struct client;

  /// Accepts, while stopping until nobody waits: then true. Out of threads or descriptors: the rest
  /// waits in the backlog.
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
      if (!admission_.admit(number, waiting_peer_)) waiting_socket_.reset();
      if (waiting_socket_) start_waiting();
    }
    return false;
  }

  /// Whoever is in the backlog was accepted by our kernel already: he is served, not reset.
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
    admission_.leave(waiting_peer_);
  }

  bool start_waiting();
  void tell_clients();
  void stop_clients();
  void ended(client& gone) noexcept;

  workload& work_;
  admission admission_;
  os::bell bell_;
  waiting_room room_;
  /// Accepted, but there was no room for its thread yet.
  os::descriptor waiting_socket_;
  peer_key waiting_peer_;

  std::mutex mutex_;  ///< guards clients_ and their loops' lives
  std::list<client*> clients_;
  stop_level told_ = stop_level::none;
  std::atomic<std::size_t> alive_ = 0;
};

/// Lives on the stack of its thread.
struct thread_each::client : session_owner {
  struct ticket {
    std::shared_ptr<thread_each> model;
    os::descriptor socket;
    peer_key peer;
  };

  static void serve(void* raw) noexcept {
    std::unique_ptr<ticket> from(static_cast<ticket*>(raw));
    own_thread here;
    client me(*from, here.loop());
    from.reset();
    me.run();
  }

  client(ticket& from, io::blocking_loop& on)
      : model(std::move(from.model)),
        loop(on),
        peer(std::move(from.peer)),
        served(std::in_place, on, resting_client(std::move(from.socket)), model->work_.offered,
               model->work_.limits.connection, model->room_.stop(), *this) {
    look.self = this;
    look.run = [](runnable& self) noexcept {
      static_cast<attention&>(self).self->served->look_at_stop();
    };
    on.attention = &look;
  }

  void run() noexcept {
    {
      const std::lock_guard lock(model->mutex_);
      place = model->clients_.insert(model->clients_.end(), this);
    }
    if (model->room_.stop().requested()) loop.wake();  // it may have missed the round of wakes
    served->start();
    loop.run();
    loop.attention = nullptr;
    served.reset();  // the service's own objects may go as soon as the model says it has ended
    model->ended(*this);
  }

  void session_ended(session&) noexcept override {}

  struct attention : runnable {
    client* self = nullptr;
  };
  std::shared_ptr<thread_each> model;
  io::blocking_loop& loop;
  peer_key peer;
  attention look;
  std::optional<session> served;
  std::list<client*>::iterator place;
};

bool thread_each::start_waiting() {
  auto ticket = std::make_unique<client::ticket>(
      client::ticket{shared_from_this(), std::move(waiting_socket_), std::move(waiting_peer_)});
  ++alive_;
  const auto started = os::start_thread(work_.limits.stack_size, &client::serve, ticket.get());
  if (started) {
    static_cast<void>(ticket.release());
    return true;
  }
  --alive_;
  waiting_socket_ = std::move(ticket->socket);
  waiting_peer_ = std::move(ticket->peer);
  const auto pause = pause_after("thread", started.error().code(), work_.counts);
  room_.wait(false, static_cast<int>(std::max(pause, milliseconds(10)).count()));
  return false;
}

void thread_each::ended(client& gone) noexcept {
  admission_.leave(gone.peer);
  const std::lock_guard lock(mutex_);
  clients_.erase(gone.place);
  --alive_;
  if (room_.stop().requested()) bell_.ring();
}

void thread_each::tell_clients() {
  const auto level = room_.stop().level();
  const std::lock_guard lock(mutex_);
  if (std::exchange(told_, level) == level) return;
  for (auto* each : clients_) each->loop.wake();
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
