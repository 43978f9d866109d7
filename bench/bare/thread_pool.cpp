// The least pool of threads: each accepts a client, serves it to its end, and accepts the next.

#include <bare/bare.hpp>

#include <pthread.h>

namespace {

bare::service what;
int listener;

void* serve(void*) { bare::serve_clients(listener, what); }

}  // namespace

int main(int argc, char** argv) {
  const auto chosen = bare::parse(argc, argv);
  what = chosen.what;
  listener = bare::listen_on(chosen.port, true);
  pthread_attr_t how;
  pthread_attr_init(&how);
  pthread_attr_setstacksize(&how, 64 * 1024);
  for (int i = 1; i < chosen.members; ++i) {
    pthread_t started;
    if (pthread_create(&started, &how, serve, nullptr) != 0) bare::give_up("thread");
  }
  serve(nullptr);
}
