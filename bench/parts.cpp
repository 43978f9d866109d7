// The parts of one client of the model multiplex: prints their sizes, tab-separated. Frames are
// measured by releasing one; what the loop keeps per descriptor is measured by watching a high one.

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <samjoko/io/epoll_loop.hpp>
#include <samjoko/serve/admission.hpp>
#include <samjoko/serve/session.hpp>
#include <samjoko/services/echo.hpp>
#include <samjoko/services/hello.hpp>

namespace {

std::size_t largest_request = 0;

class frame_size : public samjoko::frame_watcher {
 public:
  void frame_released(const void*, std::size_t size) noexcept override { last = size; }
  std::size_t last = 0;
};

void print(const char* part, std::size_t bytes) { std::printf("%s\t%zu\n", part, bytes); }

std::size_t pooled(std::size_t frame) {
  constexpr auto granule = samjoko::frame_pool::granule;
  return (frame + granule - 1) / granule * granule;
}

void print_frame(const char* part, frame_size& sizes, auto&& make) {
  sizes.last = 0;
  make().reset();
  print(part, sizes.last);
  print("- what the frame pool takes for it", pooled(sizes.last));
}

/// A receive that stays pending on a descriptor of a high number makes the table that long.
std::size_t bytes_per_descriptor(samjoko::io::epoll_loop& loop) {
  constexpr int high = 1000;
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) != 0 || dup2(pair[0], high) != high)
    std::abort();
  samjoko::io::operation wait;
  wait.fd = high;
  wait.complete = [](samjoko::io::operation&) noexcept {};
  largest_request = 0;
  if (loop.begin(wait) != samjoko::io::start::pending) std::abort();
  return (largest_request + high / 2) / high;  // its length is near that number
}

}  // namespace

void* operator new(std::size_t size) {
  largest_request = std::max(largest_request, size);
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

int main() {
  using namespace samjoko;
  frame_size sizes;
  frame_pool::watch(&sizes);
  io::epoll_loop loop;
  const connection_limits limits;
  const stop_flag stop;
  const auto echo = services::echo();
  const auto hello = services::make_hello();
  connection some(loop, os::descriptor(), limits, stop);
  const client_state nothing;
  print("a client on a shared loop (serve/session.hpp), of which", sizeof(serve::session));
  print("- an operation (io/operation.hpp)", sizeof(io::operation));
  print("- its permit (serve/permit.hpp)", sizeof(serve::permit));
  print("a coroutine that serves, kept for the next client (serve/serving.hpp), of which",
        sizeof(serve::serving));
  print("- the connection (net/connection.hpp)", sizeof(connection));
  print_frame("echo's frame, gone while it is idle", sizes,
              [&] { return echo.handler.turn(some, nothing); });
  print_frame("hello's frame, gone while it is idle", sizes,
              [&] { return hello.handler.turn(some, nothing); });
  print("the epoll loop for a descriptor number (its table doubles)", bytes_per_descriptor(loop));
  print("the allocator, for each block", sizeof(std::size_t));
  std::fflush(stdout);
  _exit(0);  // the pending receive is still the loop's
}
