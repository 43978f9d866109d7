#include <samjoko/web/upkeep.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <samjoko/os/thread.hpp>
#include <samjoko/os/thread_id.hpp>
#include <samjoko/serve/client_process.hpp>
#include <vector>

namespace samjoko::web {
namespace {

constexpr milliseconds tick{500};
constexpr std::chrono::seconds until_next_try{1};
constexpr std::size_t stack_size = std::size_t{64} * 1024;

}  // namespace

class upkeep_clock : os::thread_task {
 public:
  upkeep_clock() {
    run = [](os::thread_task& self) noexcept { static_cast<upkeep_clock&>(self).go(); };
  }

  /// Never destroyed: its thread lives as long as the process.
  static upkeep_clock& of_all() {
    alignas(upkeep_clock) static constinit std::array<std::byte, sizeof(upkeep_clock)> place{};
    static auto* only = std::construct_at(reinterpret_cast<upkeep_clock*>(place.data()));
    return *only;
  }

  void add(upkeep& one) {
    const std::lock_guard lock(mutex_);
    all_.push_back(&one);
  }
  void remove(upkeep& one) {
    const std::lock_guard lock(mutex_);
    std::erase(all_, &one);
  }

  /// Counts by process: a forked child has the memory of its parent's clock, but not the thread.
  void begin() noexcept {
    const auto process = os::current_thread_id().process;
    if (ticks_in_.load() == process) return;
    const std::lock_guard lock(mutex_);
    if (ticks_in_.load() == process) return;
    if (serve::client_process::call_after(tick, &upkeep_clock::tick_here))
      return ticks_in_.store(process);
    if (thread_in_ == process) {
      ticks_in_.store(process);
      return wake_.notify_one();
    }
    const auto now = steady::now();
    if (now < next_try_) return;
    next_try_ = now + until_next_try;
    for_handlers = {};
    if (!os::start_thread(stack_size, *this)) return;
    thread_in_ = process;
    ticks_in_.store(process);
  }

 private:
  [[noreturn]] void go() noexcept {
    const auto process = os::current_thread_id().process;
    std::unique_lock lock(mutex_);
    for (;;) {
      while (ticks_in_.load() != process) wake_.wait(lock);
      wake_.wait_for(lock, tick);
      // What is kept from here on begins the clock anew; the looks below see what was kept before.
      ticks_in_.store(0);
      if (look_at_all(steady::now())) ticks_in_.store(process);
    }
  }

  /// Runs in a process without other threads.
  static void tick_here() noexcept {
    auto& self = of_all();
    const std::lock_guard lock(self.mutex_);
    const bool more = self.look_at_all(steady::now()) &&
                      serve::client_process::call_after(tick, &upkeep_clock::tick_here);
    self.ticks_in_.store(more ? os::current_thread_id().process : 0);
  }

  bool look_at_all(steady::time_point now) noexcept {
    bool anything = false;
    for (auto* each : all_) anything |= each->look_(each->self_, now);
    return anything;
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<upkeep*> all_;
  std::atomic<pid_t> ticks_in_ = 0;
  pid_t thread_in_ = 0;
  steady::time_point next_try_{};
};

upkeep::upkeep(look each, void* self) : look_(each), self_(self) {
  upkeep_clock::of_all().add(*this);
}

upkeep::~upkeep() { upkeep_clock::of_all().remove(*this); }

void upkeep::begin() noexcept { upkeep_clock::of_all().begin(); }

}  // namespace samjoko::web
