#include <samjoko/os/signal_stack.hpp>

#include <sys/mman.h>

#include <array>
#include <memory>
#include <mutex>
#include <utility>

namespace samjoko::os {

/// One for each stack, apart from it: a list that runs through the stacks would touch them.
struct signal_stack::place {
  place* next;
  std::byte* bottom;
};

namespace {

constexpr std::size_t stacks_per_chunk = 64;
constexpr std::size_t head_size = 4096;
constexpr std::size_t chunk_size = head_size + stacks_per_chunk * signal_stack::size;

}  // namespace

/// Trivially destructible: a detached thread may still give its stack back while the process exits.
struct signal_stack::pool {
  std::mutex mutex;
  place* free = nullptr;

  void add_chunk() noexcept {
    void* where = ::mmap(nullptr, chunk_size, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (where == MAP_FAILED) return;
    auto* const places = static_cast<place*>(where);
    auto* const stacks = static_cast<std::byte*>(where) + head_size;
    static_assert(stacks_per_chunk * sizeof(place) <= head_size);
    for (std::size_t i = 0; i < stacks_per_chunk; ++i)
      free = std::construct_at(places + i, place{free, stacks + i * size});
  }
};

constinit signal_stack::pool signal_stack::of_process;

signal_stack signal_stack::take() noexcept {
  const std::lock_guard lock(of_process.mutex);
  if (of_process.free == nullptr) of_process.add_chunk();
  if (of_process.free == nullptr) return {};
  return signal_stack(std::exchange(of_process.free, of_process.free->next));
}

signal_stack::signal_stack(signal_stack&& other) noexcept
    : place_(std::exchange(other.place_, nullptr)) {}

signal_stack& signal_stack::operator=(signal_stack&& other) noexcept {
  signal_stack moved(std::move(other));
  std::swap(place_, moved.place_);
  return *this;
}

signal_stack::~signal_stack() {
  if (place_ == nullptr) return;
  const std::lock_guard lock(of_process.mutex);
  place_->next = std::exchange(of_process.free, place_);
}

std::byte* signal_stack::bottom() const noexcept {
  return place_ != nullptr ? place_->bottom : nullptr;
}

signal_stack_guard::signal_stack_guard(signal_stack own) noexcept : own_(std::move(own)) {
  if (!own_) return;
  const stack_t ours{.ss_sp = own_.bottom(), .ss_flags = 0, .ss_size = signal_stack::size};
  if (::sigaltstack(&ours, &before_) != 0) own_ = {};
}

/// Must come before the stack goes back to the pool, which may give it to another thread at once.
signal_stack_guard::~signal_stack_guard() {
  if (own_) ::sigaltstack(&before_, nullptr);
}

}  // namespace samjoko::os
