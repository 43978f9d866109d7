#pragma once
// Charter: the right to one connection under the limits of the program. A permit is move-only and
// gives itself back, so a connection is counted out once, wherever its life ends.

#include <cstdint>
#include <utility>

namespace samjoko::serve {

/// The seats that a connection holds, by number from 1; 0: none. Written before a seat is reached
/// for, so it may name a seat that another connection has got.
struct seats {
  std::uint32_t in_all = 0;
  std::uint32_t of_peer = 0;
};

/// Where permits come from (admission.hpp). It outlives them.
class permit_issuer {
 public:
  /// The connection is gone. Safe from several threads.
  virtual void leave(seats held) noexcept = 0;

 protected:
  ~permit_issuer() = default;
};

class permit {
 public:
  permit() noexcept = default;
  permit(permit_issuer& from, seats held) noexcept : from_(&from), held_(held) {}
  permit(permit&& other) noexcept
      : from_(std::exchange(other.from_, nullptr)), held_(other.held_) {}
  permit& operator=(permit&& other) noexcept {
    if (this != &other) {
      reset();
      from_ = std::exchange(other.from_, nullptr);
      held_ = other.held_;
    }
    return *this;
  }
  ~permit() { reset(); }

  /// Whether there is a permit: a client without one was refused.
  explicit operator bool() const noexcept { return from_ != nullptr; }
  [[nodiscard]] seats held() const noexcept { return held_; }
  void reset() noexcept {
    if (from_ != nullptr) std::exchange(from_, nullptr)->leave(held_);
  }
  /// Another process has the connection now: what it holds is counted out when that process ends.
  [[nodiscard]] seats release() noexcept {
    from_ = nullptr;
    return held_;
  }

 private:
  permit_issuer* from_ = nullptr;
  seats held_;
};

}  // namespace samjoko::serve
