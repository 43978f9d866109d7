// Multiplexing with epoll: the kernel keeps the list, and a turn costs what is ready, not what is
// connected. Level-triggered here: a descriptor is reported for as long as it is ready.
//
// The same on Samjoko: echo --model multiplex (samjoko/serve/shared_loop.cpp, io/epoll_loop.cpp).

#include <sys/epoll.h>

#include <lessons/tcp.hpp>
#include <unordered_map>

namespace {

/// Tells the kernel what to watch a descriptor for. Closing a descriptor ends that by itself.
void watch(int epoll, int how, int descriptor, std::uint32_t events) {
  epoll_event wanted{.events = events, .data = {.fd = descriptor}};
  lessons::must(epoll_ctl(epoll, how, descriptor, &wanted), "epoll_ctl");
}

}  // namespace

int main() {
  const int listener = lessons::listen_on_loopback(SOCK_NONBLOCK);
  const int epoll = lessons::must(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
  watch(epoll, EPOLL_CTL_ADD, listener, EPOLLIN);
  std::unordered_map<int, std::string> unsent;  // by client
  for (;;) {
    std::array<epoll_event, 64> ready;
    const int count = epoll_wait(epoll, ready.data(), static_cast<int>(ready.size()), -1);
    for (int n = 0; n < count; ++n) {  // none where a signal came (-1, EINTR)
      const int fd = ready[static_cast<std::size_t>(n)].data.fd;
      if (fd == listener) {
        const int client = lessons::accept_client(listener, SOCK_NONBLOCK);
        if (client >= 0) watch(epoll, EPOLL_CTL_ADD, client, EPOLLIN);
        continue;
      }
      auto& left = unsent[fd];
      const bool was_sending = !left.empty();
      if (!lessons::echo_step(fd, left)) {
        unsent.erase(fd);
        close(fd);
      } else if (was_sending == left.empty()) {  // it begins to wait for room, or no longer waits
        watch(epoll, EPOLL_CTL_MOD, fd, left.empty() ? EPOLLIN : EPOLLOUT);
      }
    }
  }
}
