#include <samjoko/net/parting.hpp>

#include <algorithm>
#include <memory>
#include <new>
#include <samjoko/os/socket.hpp>

namespace samjoko::detail {
namespace {

/// No event tells that the peer has everything. Most peers have it within a round trip.
constexpr milliseconds first_look{1};
constexpr milliseconds longest_between_looks{20};

/// Lives until it is over. Its wait is a sleep between looks.
class parting : io::operation {
 public:
  parting(const parting_socket& of, void (*over)(void*) noexcept, void* owner) noexcept
      : of_(of), over_(over), owner_(owner) {
    kind = io::operation_kind::sleep;
    complete = [](io::operation& self) noexcept {
      auto& me = static_cast<parting&>(self);
      if (me.goes_on()) return;
      const std::unique_ptr<parting> last(&me);
      me.over_(me.owner_);
    };
  }

  /// Looks until it has to wait (true), or it is over.
  [[nodiscard]] bool goes_on() noexcept {
    while (must_wait(of_.loop.now())) {
      until = of_.loop.deadline_after(next_look_);
      next_look_ = std::min(2 * next_look_, longest_between_looks);
      if (of_.loop.begin(*this) == io::start::pending) return true;
    }
    return false;
  }

 private:
  [[nodiscard]] bool must_wait(steady::time_point now) noexcept {
    const auto left = os::bytes_under_way(of_.socket);
    if (left == 0) return false;
    const bool hurries = of_.stop.level() == stop_level::immediate;
    if (last_ == nothing_yet) end_ = deadline(now + longest_for(left));
    if (left < last_ && !hurries) give_up_ = deadline(now + parting_time);
    last_ = left;
    if (hurries) give_up_ = std::min(give_up_, deadline(now + hurried_parting_time));
    return !give_up_.passed(now) && !end_.passed(now);
  }

  [[nodiscard]] milliseconds longest_for(std::size_t bytes) const noexcept {
    const auto rate = of_.limits.minimum_write_rate;
    if (rate == 0) return std::max(of_.limits.write_idle, parting_time);
    return of_.limits.write_grace + milliseconds(bytes * 1000 / rate);
  }

  static constexpr std::size_t nothing_yet = static_cast<std::size_t>(-1);
  parting_socket of_;
  void (*over_)(void*) noexcept;
  void* owner_;
  milliseconds next_look_ = first_look;
  std::size_t last_ = nothing_yet;
  deadline give_up_;
  deadline end_;
};

/// For a socket that has no other owner.
struct abandoned {
  io::loop& loop;
  int socket;

  void close() const noexcept {
    io::operation last;
    last.kind = io::operation_kind::close;
    last.fd = socket;
    loop.begin(last);
  }
  static void over(void* self) noexcept {
    const std::unique_ptr<abandoned> me(static_cast<abandoned*>(self));
    me->close();
    me->loop.task_ended();
  }
};

}  // namespace

bool wait_for_delivery(const parting_socket& of, void (*over)(void*) noexcept,
                       void* owner) noexcept {
  if (os::bytes_under_way(of.socket) == 0) return true;
  std::unique_ptr<parting> wait(new (std::nothrow) parting(of, over, owner));
  if (wait == nullptr || !wait->goes_on()) return true;
  static_cast<void>(wait.release());  // the loop owns it now
  return false;
}

void close_when_delivered(const parting_socket& of) noexcept {
  const abandoned alone{of.loop, of.socket};
  auto* const owner = new (std::nothrow) abandoned(alone);
  if (owner == nullptr) return alone.close();
  of.loop.task_started();
  if (wait_for_delivery(of, &abandoned::over, owner)) abandoned::over(owner);
}

}  // namespace samjoko::detail
