// fork copies memory but only one thread, the one that called it. A lock that another thread held
// at that moment is copied as locked, and its owner does not exist in the child: it stays locked
// for ever. malloc has such locks. So a process that forks has one thread, or its child only execs.

#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <lessons/must.hpp>
#include <mutex>
#include <semaphore>
#include <thread>

namespace {

std::mutex lock;
std::binary_semaphore is_locked(0);
std::binary_semaphore may_unlock(0);

void hold_the_lock() {
  const std::scoped_lock mine(lock);
  is_locked.release();
  may_unlock.acquire();
}

long threads_here() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
}

}  // namespace

int main() {
  std::thread holder(hold_the_lock);
  is_locked.acquire();
  dprintf(1, "parent: %ld threads, and the other one holds a lock\n", threads_here());

  const pid_t child = lessons::must(fork(), "fork");
  if (child == 0) {
    dprintf(1, "child: %ld thread\n", threads_here());
    const bool got_it = lock.try_lock();  // lock() would wait for ever
    dprintf(1, "child: the lock is %s, and nobody is there to unlock it\n",
            got_it ? "free" : "locked");
    _exit(0);
  }
  lessons::must(waitpid(child, nullptr, 0), "waitpid");
  may_unlock.release();
  holder.join();
  dprintf(1, "parent: the lock is %s again\n", lock.try_lock() ? "free" : "locked");
}
