#pragma once
// Charter: what the sessions of one loop share: what they serve and under which limits, and the
// coroutines that serve, kept for the next client.

#include <samjoko/io/loop.hpp>
#include <samjoko/net/limits.hpp>
#include <samjoko/serve/serving.hpp>
#include <samjoko/service/handler.hpp>
#include <samjoko/task/stop.hpp>

namespace samjoko::serve {

class session_owner;

/// Belongs to the loop's thread; all that it refers to must outlive it.
class session_host {
 public:
  session_host(io::loop& on, const service& what, const connection_limits& within,
               const stop_flag& until, session_owner& of) noexcept
      : loop(on), offered(what), limits(within), stop(until), owner(of) {}
  ~session_host();
  session_host(const session_host&) = delete;
  session_host& operator=(const session_host&) = delete;

  /// One that serves no client now; null: there is no memory for one.
  [[nodiscard]] serving* take() noexcept {
    if (free_ == nullptr) [[unlikely]]
      return make();
    return std::exchange(free_, free_->next_free);
  }
  void give_back(serving& idle) noexcept {
    if (idle.is_surplus) [[unlikely]]
      return drop(idle);
    idle.next_free = free_;
    free_ = &idle;
  }

  io::loop& loop;
  const service& offered;
  const connection_limits& limits;
  const stop_flag& stop;
  session_owner& owner;

 private:
  [[nodiscard]] serving* make() noexcept;
  void drop(serving& gone) noexcept;
  [[nodiscard]] bool is_first(const serving& one) const noexcept {
    return first_ && &*first_ == &one;
  }

  /// More of them are kept only while they serve.
  static constexpr unsigned most_kept = 64;

  /// The first one lies here: a thread that serves one client has it on its stack.
  std::optional<serving> first_;
  serving* free_ = nullptr;
  unsigned kept_ = 0;  ///< how many of them are not surplus
};

}  // namespace samjoko::serve
