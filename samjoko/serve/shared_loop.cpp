// Many clients in one thread: the model multiplex. A reader new to the code finds the main loop
// from here in io/epoll_loop.cpp, epoll_loop::run.

#include <cerrno>
#include <samjoko/io/epoll_loop.hpp>
#include <samjoko/os/socket.hpp>
#include <samjoko/scoreboard/thread_slot.hpp>
#include <samjoko/serve/admission.hpp>
#include <samjoko/serve/model.hpp>
#include <samjoko/serve/session.hpp>
#include <samjoko/task/scope.hpp>

namespace samjoko::serve {
namespace {

class accepting : public io::awaited<io::operation> {
 public:
  accepting(io::loop& on, int listener) noexcept : awaited(on) {
    kind = io::operation_kind::accept;
    fd = listener;
  }
  /// The result is never a client's failure, however many of those come in a row.
  [[nodiscard]] std::int64_t await_resume() const noexcept { return result; }
};

class shared_loop final : session_owner {
 public:
  explicit shared_loop(workload& work) : work_(work), admission_(work) {}

  void run() {
    const scoreboard::thread_slot_guard activity;
    runnable finished;
    finished.run = [](runnable&) noexcept {};
    task_context context{.queue = &loop_};
    auto main = serve();
    loop_.task_started();
    if (!main.start(context, finished)) loop_.run();
    main.take();
  }

 private:
  task<> serve() {
    auto& context = co_await this_context();
    scope acceptors(context);
    acceptors_ = &acceptors;
    for (const int listener : work_.listeners) acceptors.spawn(accept_clients(listener));
    scope control(context);
    control.spawn(obey());
    static_cast<void>(co_await acceptors.join());
    for (const int listener : work_.listeners) {
      co_await drain_backlog(listener);
      close(listener);
    }
    acceptors_ = nullptr;
    end_if_nobody_is_left();
    static_cast<void>(co_await control.join());
    loop_.task_ended();
  }

  task<> accept_clients(int listener) {
    while (!stop_.requested()) {
      const auto got = co_await accepting(loop_, listener);
      if (got >= 0) {
        take(static_cast<int>(got));
      } else if (got != -ECANCELED) {
        const auto pause = pause_after("accept", static_cast<int>(-got), work_.counts);
        if (pause > milliseconds(0))
          static_cast<void>(co_await io::sleep_until(loop_, deadline::after(pause)));
      }
    }
  }

  /// Our kernel has already accepted the clients in the backlog: they are served, not reset. A
  /// client for which there is no descriptor waits until others have ended. This is not a child of
  /// `acceptors`: those are cancelled by now and could not wait.
  task<> drain_backlog(int listener) {
    while (stop_.level() != stop_level::immediate) {
      const int socket = accept_now(listener, false);
      if (socket == -EAGAIN) co_return;
      if (socket >= 0) {
        take(socket);
        continue;
      }
      const auto pause = pause_after("accept", -socket, work_.counts);
      if (pause > milliseconds(0))
        static_cast<void>(co_await io::sleep_until(loop_, deadline::after(pause)));
    }
  }

  /// Clients that come from now on are refused, or go to a successor, however long the last client
  /// stays.
  void close(int listener) {
    io::operation forget;
    forget.kind = io::operation_kind::release;
    forget.fd = listener;
    static_cast<void>(loop_.begin(forget));
    work_.close(listener);
  }

  void take(int number) {
    os::descriptor socket(number);
    auto held = admission_.admit(number);
    if (!held) return;
    auto* added = new session(host_, {.socket = std::move(socket), .held = std::move(held)});
    added->following_session = sessions_;
    if (sessions_ != nullptr) sessions_->previous_session = added;
    sessions_ = added;
    added->start();
  }

  void session_ended(session& ended) noexcept override {
    auto* const before = ended.previous_session;
    auto* const after = ended.following_session;
    if (after != nullptr) after->previous_session = before;
    (before != nullptr ? before->following_session : sessions_) = after;
    delete &ended;
    end_if_nobody_is_left();
  }

  task<> obey() {
    obeying_ = &co_await this_context();
    for (;;) {
      std::int64_t readable = -ECANCELED;
      if (work_.from_master.descriptor >= 0) {
        readable = co_await io::until_readable(loop_, work_.from_master.descriptor);
      } else {
        static_cast<void>(co_await io::sleep_until(loop_, deadline::never()));
      }
      if (readable < 0) break;
      const auto before = stop_.level();
      stop_.request(work_.from_master.take().stop);
      if (stop_.level() != before) apply_stop();
    }
    obeying_ = nullptr;
  }

  void apply_stop() noexcept {
    if (acceptors_ != nullptr) acceptors_->cancel();
    for (auto* each = sessions_; each != nullptr; each = each->following_session)
      each->look_at_stop();
  }

  void end_if_nobody_is_left() noexcept {
    const bool left = sessions_ != nullptr || acceptors_ != nullptr;
    if (left) return;
    if (obeying_ != nullptr) obeying_->cancel();
  }

  workload& work_;
  admission admission_;
  io::epoll_loop loop_;
  stop_flag stop_;
  session_host host_{loop_, work_.offered, work_.limits.connection, stop_, *this};
  session* sessions_ = nullptr;
  scope* acceptors_ = nullptr;
  task_context* obeying_ = nullptr;
};

}  // namespace

result<void> run_shared_loop(workload& work) {
  for (const int listener : work.listeners) {
    if (auto set = os::set_blocking(listener, false); !set) return set;
  }
  shared_loop(work).run();
  return {};
}

}  // namespace samjoko::serve
