// The server that the three models improve on: one client after the other. While it serves one, all
// other clients wait in the backlog: connected by the kernel, and not served.

#include <lessons/tcp.hpp>

int main() {
  const int listener = lessons::listen_on_loopback();
  for (;;) {
    const int client = lessons::accept_client(listener);
    if (client >= 0) lessons::echo_until_end(client);
  }
}
