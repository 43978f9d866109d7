// Multi-thread: a thread for each client. Cheaper than a process, and all of them share the memory:
// one that crashes or writes astray takes every client with it.
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
      // Nobody joins it: a thread that has ended is then cleared away by itself. What is to a
      // process a zombie is to a thread one that was neither joined nor detached.
      std::thread(lessons::echo_until_end, client).detach();
    } catch (const std::system_error& reason) {  // a limit on threads
      dprintf(2, "%s\n", reason.what());
      close(client);
    }
  }
}
