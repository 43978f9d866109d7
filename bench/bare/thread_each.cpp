// The least server with a thread for each client: a blocking accept, and a detached thread that
// leaves with its client.

#include <bare/bare.hpp>

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>

namespace {

bare::service what;

void* serve(void* client) {
  bare::serve_blocking(static_cast<int>(reinterpret_cast<std::intptr_t>(client)), what);
  return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  const auto chosen = bare::parse(argc, argv);
  what = chosen.what;
  const int listener = bare::listen_on(chosen.port, true);
  pthread_attr_t how;
  pthread_attr_init(&how);
  pthread_attr_setstacksize(&how, 64 * 1024);
  pthread_attr_setdetachstate(&how, PTHREAD_CREATE_DETACHED);
  for (;;) {
    const std::intptr_t client = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    pthread_t started;
    if (pthread_create(&started, &how, serve, reinterpret_cast<void*>(client)) != 0)
      close(static_cast<int>(client));
  }
}
