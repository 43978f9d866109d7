#include <samjoko/serve/pooled_process.hpp>

#include <cerrno>
#include <samjoko/log/writer.hpp>
#include <samjoko/os/clock.hpp>
#include <samjoko/os/poll.hpp>
#include <samjoko/os/process.hpp>
#include <samjoko/os/socket.hpp>

namespace samjoko::serve {
namespace {

/// A new client has its first request on the way: it is not ended as idle before this time.
constexpr milliseconds first_request_grace{200};

}  // namespace

pooled_process::pooled_process(const workload& work, int listener, os::event_fd& event_fd,
                               pool_cell& board, std::span<pool_cell> members, pool_cell& own,
                               std::uint32_t number)
    : work_(work),
      listener_(listener),
      event_fd_(event_fd),
      board_(board),
      members_(members),
      own_(own),
      admission_(work, number),
      process_(work) {
  accept_.kind = io::operation_kind::accept;
  accept_.fd = listener_;
  accept_.data = reinterpret_cast<std::byte*>(&peer_);
  process_.may_be_ended(accept_);
  process_.watch_idle([this](const session& of, bool begins) { watch_idle(of, begins); });
  process_.leave_when([this] { return own_.leaves.load() != 0; });
  process_.when_stopping([this] { look_at_door(); });
  process_.hurry_when([this] { return board_.crowded.load(std::memory_order_relaxed) != 0; });
}

void pooled_process::run() {
  const auto enough = work_.limits.recycle_after;
  while (!process_.stop().requested() && own_.leaves.load() == 0 &&
         (enough == 0 || served_ < enough))
    accept_one(true);
  // Our kernel has already accepted the clients in the backlog: they are served, not reset. Where
  // only this member leaves, the other members do that. The listener's mode tells of the end of the
  // whole pool; a worker that replaces a dead one changes the mode for a moment too.
  if (door_is_closed_ || process_.is_replaced() || os::is_blocking(listener_)) return;
  while (process_.stop().level() == stop_level::graceful && !door_is_closed_ && accept_one(false)) {
  }
}

/// False when no client waits. Without a descriptor for the client it pauses. Also in a stop the
/// accept is a wait that orders end: another process may take the client that is there now, and a
/// worker that starts makes the listener that all share block again.
bool pooled_process::accept_one(bool may_block) {
  change_to(pool_state::waiting);
  if (!may_block && !os::wait_readable(listener_, deadline::after({}))) return false;
  static_cast<void>(process_.loop().begin(accept_));
  if (accept_.result >= 0) {
    serve(static_cast<int>(accept_.result));
    return true;
  }
  if (accept_.result == -ECANCELED && !may_block) {
    look_at_door();
    return true;  // what ended the wait decides
  }
  if (accept_.result == -EAGAIN || accept_.result == -ECANCELED) return false;
  const auto pause = pause_after("accept", static_cast<int>(-accept_.result), work_.counts);
  if (pause == milliseconds(0)) return true;
  io::operation wait;
  wait.kind = io::operation_kind::sleep;
  wait.until = deadline::after(pause);
  static_cast<void>(process_.loop().begin(wait));
  return true;
}

void pooled_process::serve(int number) {
  os::descriptor socket(number);
  change_to(pool_state::serving);
  waits_no_longer();
  if (!admission_.admit(number, own_.held)) return;
  ++served_;
  if (process_.stop().requested()) look_at_door();
  process_.serve(std::move(socket), peer_);
  admission_.leave(own_.held);
  own_.held = {};
  change_to(pool_state::waiting);  // if this process ends now, no seat has to be counted out
}

void pooled_process::watch_idle(const session& of, bool begins) noexcept {
  if (!begins) return change_to(pool_state::serving);
  const auto from = os::coarse_now() + (of.had_turn() ? milliseconds(0) : first_request_grace);
  own_.may_end.store(from.time_since_epoch().count(), std::memory_order_relaxed);
  change_to(pool_state::idle);
}

/// Runs while it serves. The parent tells when no client waits any more; without a parent nothing
/// does.
void pooled_process::look_at_door() noexcept {
  if (door_is_closed_) return;
  if (board_.door_is_closed.load() == 0 && os::parent_is(work_.forking_process)) return;
  door_is_closed_ = true;
  work_.close(listener_);
}

/// The parent grows the pool when no member is left in accept; only then is it woken.
void pooled_process::waits_no_longer() noexcept {
  for (const auto& each : members_) {
    if (each.state.load(std::memory_order_relaxed) == pool_state::waiting) return;
  }
  board_.none_waited.store(1);
  event_fd_.notify();
}

}  // namespace samjoko::serve
