// Multi-thread: a thread for each client. Cheaper than a process, and all threads share the memory:
// a thread that crashes or writes astray takes every client with it.
//
// The same on Samjoko: echo --model thread --spawn each (samjoko/serve/thread_each.cpp).

#include <lessons/tcp.hpp>
#include <system_error>
#include <thread>

int main() {
  const int listener = lessons::listen_on_loopback();
  for (;;) {
    const int client = lessons::accept_client(listener);
    if (client < 0) continue;
    try {
      // No thread joins it: a detached thread is cleared away by itself when it has ended. A thread
      // that was neither joined nor detached is what a zombie is among processes.
      std::thread(lessons::echo_until_end, client).detach();
    } catch (const std::system_error& reason) {  // a limit on threads
      dprintf(2, "%s\n", reason.what());
      close(client);
    }
  }
}
