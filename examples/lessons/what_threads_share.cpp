// Threads share memory, descriptors and the PID; each has its own stack. What is shared can be
// broken: two threads that read, add and write back lose one of the additions. Here the unlucky
// order is forced, so that it happens every time and not once in a million.

#include <unistd.h>

#include <atomic>
#include <barrier>
#include <functional>
#include <lessons/must.hpp>
#include <mutex>
#include <thread>

namespace {

std::atomic<int> counter = 0;  // each step on it is whole; the addition is three of them
std::mutex lock;

void add_one(std::barrier<>& both_have_read) {
  const int seen = counter.load();
  both_have_read.arrive_and_wait();
  counter.store(seen + 1);
}

void add_one_locked() {
  const std::scoped_lock mine(lock);
  const int seen = counter.load();
  counter.store(seen + 1);
}

/// Prints which thread runs this, and where its local variables live.
void introduce(const char* who) {
  const int local = 0;
  dprintf(1, "%s: PID %d, thread %d, a local variable at %p, the counter at %p\n", who, getpid(),
          gettid(), static_cast<const void*>(&local), static_cast<const void*>(&counter));
}

}  // namespace

int main() {
  introduce("main  ");
  std::jthread(introduce, "thread").join();
  {
    std::barrier both_have_read(2);
    const std::jthread first(add_one, std::ref(both_have_read));
    const std::jthread second(add_one, std::ref(both_have_read));
  }  // a jthread joins at the end of its scope
  dprintf(1, "two threads added 1 without a lock: %d\n", counter.exchange(0));
  {
    const std::jthread first(add_one_locked);
    const std::jthread second(add_one_locked);
  }
  dprintf(1, "two threads added 1 under a lock: %d\n", counter.load());
}
