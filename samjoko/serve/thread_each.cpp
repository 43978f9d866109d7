// A thread for each client. The main thread accepts; a thread serves one client by blocking and
// ends with it.

#include <atomic>
#include <cerrno>
#include <list>
#include <memory>
#include <mutex>
#include <new>
#include <samjoko/os/socket.hpp>
#include <samjoko/os/thread.hpp>
#include <samjoko/serve/acceptor.hpp>
#include <samjoko/serve/model.hpp>
#include <samjoko/serve/own_thread.hpp>
#include <samjoko/serve/session.hpp>

namespace samjoko::serve {
namespace {

/// How many tickets without a client are kept for the next clients.
constexpr std::ptrdiff_t most_spare = 64;

/// Shared with its threads: the last thread may still be leaving when the main thread has seen it
/// go.
class thread_each final : acceptor, public std::enable_shared_from_this<thread_each> {
 public:
  explicit thread_each(workload& of) : acceptor(of, true) {}

  void run() {
    accept_until_stopped();
    stop_clients();
  }

 private:
  struct serving_thread;
  struct ticket;

  accept_loop::news wait(bool for_clients, int timeout_ms) override {
    drop_spare();
    return acceptor::wait(for_clients, timeout_ms);
  }
  [[nodiscard]] const char* call() const noexcept override { return "thread"; }
  [[nodiscard]] result<void> place(client& whom, const scoreboard::peer_name& peer) override;
  void tell_clients() override;
  ticket& new_ticket();
  void take_back(ticket& of) noexcept;
  void stop_clients();
  void drop_spare();
  void ended(ticket& gone) noexcept;

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
  serve::client client;
  io::blocking_loop* loop = nullptr;  ///< while it lives
  std::list<ticket>::iterator place;
};

/// Lives on the stack of its thread.
struct thread_each::serving_thread : session_owner {
  static void serve(os::thread_task& raw) noexcept {
    auto& mine = static_cast<ticket&>(raw);
    const auto model = std::move(mine.model);
    {
      own_loop here(*mine.memory);
      serving_thread(mine, *model, here.loop()).run();
    }  // the service's own objects may go as soon as the model says it has ended, and the memory
    model->ended(mine);
  }

  serving_thread(ticket& from, thread_each& of, io::blocking_loop& on)
      : mine(from),
        model(of),
        loop(on),
        socket(from.client.socket.get()),
        host(on, of.work().offered, of.work().limits.connection, of.stop(), *this),
        served(host, std::move(from.client)) {
    look.self = this;
    look.run = [](runnable& self) noexcept {
      static_cast<attention&>(self).self->served.look_at_stop();
    };
    on.attention = &look;
  }

  void run() noexcept {
    may_be_told(true);
    if (model.stop().requested()) loop.wake();  // it may have missed the round of wakes
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
    serving_thread* self = nullptr;
  };
  ticket& mine;
  thread_each& model;
  io::blocking_loop& loop;
  int socket;
  attention look;
  session_host host;
  session served;
};

result<void> thread_each::place(client& whom, const scoreboard::peer_name&) {
  ticket* given = nullptr;
  try {
    given = &new_ticket();
  } catch (const std::bad_alloc&) {
    return failure(ENOMEM, "malloc");
  }
  given->model = shared_from_this();
  given->client = std::move(whom);
  ++alive_;
  auto started = os::start_thread(work().limits.stack_size, *given);
  if (started) return started;
  --alive_;
  whom = std::move(given->client);
  given->model.reset();
  const std::lock_guard lock(mutex_);
  take_back(*given);
  return started;
}

thread_each::ticket& thread_each::new_ticket() {
  const std::lock_guard lock(mutex_);
  if (spare_.empty()) {
    auto& made = spare_.emplace_back();
    made.run = &serving_thread::serve;
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
  const std::lock_guard lock(mutex_);
  take_back(gone);
  --alive_;
  if (stop().requested()) wake();
}

void thread_each::tell_clients() {
  const auto level = stop().level();
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
    wait(false, 1000);
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
