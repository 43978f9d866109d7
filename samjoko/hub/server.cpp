#include <samjoko/hub/server.hpp>

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <samjoko/base/counted.hpp>
#include <samjoko/hub/broker.hpp>
#include <samjoko/hub/server_link.hpp>
#include <samjoko/log/writer.hpp>
#include <samjoko/os/abstract_socket.hpp>
#include <samjoko/os/epoll.hpp>
#include <vector>

namespace samjoko::hub {
namespace {

constexpr milliseconds accept_pause{100};
constexpr int accepted_per_turn = 64;
constexpr milliseconds grace_step{50};
/// Many links may leave at once: the links that are told of it get it in portions that fit their
/// queues.
constexpr std::size_t removed_per_flush = 16;

class server {
 public:
  server(int listener, const limits& bounds, const server_orders& orders)
      : listener_(listener),
        limits_(bounds),
        orders_(orders),
        board_(bounds, orders.is_successor ? now_ + bounds.name_grace : steady::time_point()) {
    watch(listener_, EPOLLIN | EPOLLET);
    if (orders_.descriptor >= 0) watch(orders_.descriptor, EPOLLIN);
  }

  void run() {
    while (!stopped_) {
      wait();
      progressed_ = false;
      if (accepts_ && now_ >= accept_again_) accept_some();
      read_links();
      flush_touched();
      look_at_queues();
      remove_ended();
    }
  }

 private:
  void watch(int number, std::uint32_t events) {
    if (const int code = epoll_.add(number, events); code != 0)
      log::error("hub", "epoll_ctl: {}", reason(code));
  }

  void wait() {
    std::array<epoll_event, 256> room;
    bool woken = false;
    const auto events = epoll_.wait(room, longest_wait(), woken);
    now_ = steady::now();
    bool has_orders = false;
    for (const auto& event : events) {
      const int number = event.data.fd;
      if (number == listener_) {
        accepts_ = true;
      } else if (number == orders_.descriptor) {
        has_orders = true;
      } else if (auto* link = link_of(number)) {
        link->hear(event.events);
        make_active(*link);
      }
    }
    if (!has_orders) return;
    accept_some();  // a link that has connected counts among those that still need the hub
    stopped_ = orders_.stop_asked();
  }

  [[nodiscard]] int longest_wait() const {
    // There is room now for messages that wait for it.
    if (!active_.empty() || (progressed_ && !paused_.empty())) return 0;
    auto first = deadline::never();
    for (const auto* each : paused_) first = std::min(first, each->paused_until);
    for (const auto* each : filling_) first = std::min(first, each->me.out.due());
    if (accepts_) first = std::min(first, deadline(accept_again_));
    return first.poll_timeout(now_);
  }

  void accept_some() {
    for (int count = 0; count < accepted_per_turn; ++count) {
      auto socket = accept_link(listener_);
      if (!socket && socket.error().is(EAGAIN)) {
        accepts_ = false;
        return;
      }
      if (!socket) {
        accept_again_ = now_ + accept_pause;
        log::warning(log::every("hub accept"), "{}; connections to the hub wait",
                     socket.error().sentence());
        return;
      }
      admit(std::move(*socket));
    }
  }

  void admit(os::descriptor socket) {
    if (os::peer_user(socket.get()) != os::this_user()) {
      log::warning("hub stranger", "another user's process asked the hub for a link: refused");
      return;
    }
    const auto number = static_cast<std::size_t>(socket.get());
    const bool is_full = count_ >= limits_.subscribers;
    auto made = std::make_unique<server_link>(std::move(socket), limits_);
    if (is_full) {
      board_.refuse(made->me, refusal::hub_full);
      static_cast<void>(made->flush(now_));
      log::warning("hub full", "the hub has its {}: another one is refused",
                   counted(count_, "link"));
      board_.leave(made->me, now_);
      return;
    }
    if (links_.size() <= number) links_.resize(number + 1);
    watch(made->number(), EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET);
    links_[number] = std::move(made);
    ++count_;
    if (orders_.admitted) orders_.admitted();
    if (orders_.holds) orders_.holds(count_);
  }

  void read_links() {
    std::vector<server_link*> now_active;
    now_active.swap(active_);
    for (auto* each : now_active) {
      each->active = false;
      read(*each);
    }
    // Links that waited for room in a queue try again: some room may have come.
    std::vector<server_link*> waited;
    waited.swap(paused_);
    for (auto* each : waited) {
      if (!each->is_over()) go_on(*each);
    }
  }

  void read(server_link& link) {
    if (link.may_write && !link.me.out.empty()) flush(link);
    if (link.is_over() || link.waits || link.me.out.is_overfull()) return;
    if (!link.is_behind) {
      if (!link.may_read) return;
      link.receive();
    }
    if (link.me.out.state() == queue_state::dropped) link.forget_unhandled();
    go_on(link);
    if (link.is_over()) {
      ended_.push_back(&link);
      return;
    }
    if (has_more(link)) make_active(link);
  }

  [[nodiscard]] static bool has_more(const server_link& link) noexcept {
    return (link.may_read || link.is_behind) && !link.waits && !link.me.out.is_overfull();
  }

  /// Handles what was read, up to the first frame that has to wait. Three thousand questions fit
  /// into one read, each with an answer of megabytes. They wait too, until there is room for more.
  void go_on(server_link& link) {
    const bool waited = std::exchange(link.waits, false);
    for (;;) {
      link.is_behind = link.me.out.is_overfull();
      if (link.is_behind) break;
      const auto said = first_frame(link.unhandled());
      if (!said) return end_for_nonsense(link, said.error());
      if (!*said) break;
      const bool may_wait = !waited || !link.paused_until.passed(now_);
      const auto verdict = board_.take(link.me, (*said)->what, now_, may_wait);
      if (verdict == broker::verdict::malformed)
        return end_for_nonsense(link, error(condition::malformed, "hub frame", "not for a hub"));
      if (verdict == broker::verdict::wait) return pause(link);
      link.paused_until = deadline::never();
      link.handled((*said)->size);
    }
    link.keep_unhandled();
    if (waited && has_more(link)) make_active(link);
  }

  void pause(server_link& link) {
    // A frame that still waits although its time has passed waits for the end of the grace of
    // names.
    if (link.paused_until.passed(now_)) {
      link.paused_until = deadline(now_ + grace_step);
    } else if (link.paused_until.is_never()) {
      link.paused_until = deadline(now_ + limits_.publisher_wait);
    }
    link.waits = true;
    link.keep_unhandled();
    paused_.push_back(&link);
  }

  void end_for_nonsense(server_link& link, const error& wrong) {
    log::warning("hub nonsense", "a link to the hub is closed: {}", wrong.sentence());
    link.end();
    ended_.push_back(&link);
  }

  void flush_touched() {
    for (auto* each : board_.take_touched()) flush(server_link::of(*each));
  }

  void flush(server_link& link) {
    progressed_ |= link.flush(now_);
    if (link.is_over()) {
      ended_.push_back(&link);
      return;
    }
    note_state(link);
    // Its answers are out: its next questions may be read.
    if (has_more(link)) make_active(link);
  }

  void note_state(server_link& link) {
    link.me.out.look_at_state(now_);
    const auto state = link.me.out.state();
    if (state == queue_state::filling && !std::exchange(link.is_filling, true))
      filling_.push_back(&link);
    if (state == queue_state::dropped && !std::exchange(link.is_dropped, true)) drop(link);
  }

  /// Queues change their state by what was sent, and by time.
  void look_at_queues() {
    std::vector<server_link*> looked_at;
    looked_at.swap(filling_);
    for (auto* each : looked_at) {
      each->is_filling = false;
      if (each->is_over()) continue;
      each->me.out.look_at_state(now_);
      progressed_ |= each->flush(now_);
      note_state(*each);
    }
  }

  void drop(server_link& slow) {
    log::warning("hub dropped", "a subscriber{}{} was too slow for {} ms: it is dropped",
                 slow.me.name.empty() ? "" : " ", slow.me.name, limits_.slow_for.count());
    board_.leave(slow.me, now_);
  }

  void remove_ended() {
    for (bool more = true; more;) {
      flush_touched();  // tells others which links left
      std::vector<server_link*> gone;
      gone.swap(ended_);
      std::ranges::sort(gone);
      const auto again = std::ranges::unique(gone);
      gone.erase(again.begin(), again.end());
      for (std::size_t n = 0; n < gone.size(); ++n) {
        if (n % removed_per_flush == removed_per_flush - 1) flush_touched();
        remove(*gone[n]);
      }
      more = !gone.empty();
    }
  }

  void remove(server_link& gone) {
    board_.leave(gone.me, now_);
    std::erase(paused_, &gone);
    std::erase(filling_, &gone);
    std::erase(active_, &gone);
    std::erase(ended_, &gone);  // noted again while others were told
    --count_;
    if (orders_.holds) orders_.holds(count_);
    links_[static_cast<std::size_t>(gone.number())].reset();
    if (count_ == 0) stopped_ = stopped_ || orders_.stop_asked();
  }

  void make_active(server_link& link) {
    if (link.is_over()) {
      ended_.push_back(&link);
    } else if (!std::exchange(link.active, true)) {
      active_.push_back(&link);
    }
  }

  [[nodiscard]] server_link* link_of(int number) const {
    const auto index = static_cast<std::size_t>(number);
    return index < links_.size() ? links_[index].get() : nullptr;
  }

  const int listener_;
  const limits& limits_;
  const server_orders& orders_;
  steady::time_point now_ = steady::now();
  broker board_;
  os::epoll epoll_;
  std::vector<std::unique_ptr<server_link>> links_;  // by descriptor
  std::size_t count_ = 0;
  std::vector<server_link*> active_;   // with something to read or to send
  std::vector<server_link*> paused_;   // whose next message waits for room in a queue
  std::vector<server_link*> filling_;  // whose queue is, or was, full
  std::vector<server_link*> ended_;    // to be removed at the end of the turn
  steady::time_point accept_again_{};
  bool accepts_ = false;
  bool progressed_ = false;
  bool stopped_ = false;
};

}  // namespace

void run_server(int listener, const limits& bounds, const server_orders& orders) {
  server(listener, bounds, orders).run();
}

}  // namespace samjoko::hub
