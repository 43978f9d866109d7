// Multiplexing with poll: one thread asks the kernel which of its descriptors are ready, and does
// one step for each that is. The whole list goes to the kernel and is searched at every turn, so
// ten thousand silent clients cost as much as ten thousand busy ones. (select does the same, for
// descriptors below 1024 only.)

#include <poll.h>

#include <lessons/tcp.hpp>
#include <vector>

int main() {
  // Nothing here may block: between poll and accept a client may have left again.
  const int listener = lessons::listen_on_loopback(SOCK_NONBLOCK);
  std::vector<pollfd> watched{{.fd = listener, .events = POLLIN, .revents = 0}};
  std::vector<std::string> unsent(1);  // of the descriptor at the same place
  for (;;) {
    if (poll(watched.data(), watched.size(), -1) < 0) continue;  // EINTR
    for (std::size_t n = watched.size(); n-- > 1;) {
      auto& client = watched[n];
      if (client.revents == 0) continue;
      if (lessons::echo_step(client.fd, unsent[n])) {
        // A client that does not read its answer is not read from either, so nothing piles up here.
        client.events = unsent[n].empty() ? POLLIN : POLLOUT;
        continue;
      }
      close(client.fd);
      watched.erase(watched.begin() + static_cast<long>(n));
      unsent.erase(unsent.begin() + static_cast<long>(n));
    }
    if (watched[0].revents == 0) continue;
    if (const int client = lessons::accept_client(listener, SOCK_NONBLOCK); client >= 0) {
      watched.push_back({.fd = client, .events = POLLIN, .revents = 0});
      unsent.emplace_back();
    }
  }
}
