#pragma once
// What the bare programs share. Each is the least code that serves clients in one way: no limits,
// no deadlines, no log, nothing parsed but the end of a request. The server under test is measured
// against them, so whatever they do not need is left out.
//
// Arguments: PORT SERVICE [MEMBERS], where SERVICE is echo, hello, hello-once or a file's path.

#include <sys/types.h>

#include <cstddef>
#include <string>

namespace bare {

inline constexpr std::size_t receive_size = 16 * 1024;
inline constexpr std::size_t most_answers = 128;  // in one send

enum class service { echo, hello, hello_once, file };

struct settings {
  int port = 0;
  service what = service::echo;
  std::string path;  // of the file
  int members = 64;  // of a pool
};

[[nodiscard]] settings parse(int argc, char** argv);
[[noreturn]] void give_up(const char* what);

/// A listening socket on 127.0.0.1.
[[nodiscard]] int listen_on(int port, bool blocking);

/// Counts requests by the blank line that ends each, however the bytes are cut.
class request_counter {
 public:
  [[nodiscard]] std::size_t count(const char* text, std::size_t size) noexcept;

 private:
  std::size_t matched_ = 0;  // of CR LF CR LF
};

/// `count` canned answers to hello, one behind the other; at most most_answers.
struct answers {
  const char* text;
  std::size_t size;
};
[[nodiscard]] answers hello_answers(service which, std::size_t count) noexcept;

/// Serves one client on a blocking socket until it ends, and closes the socket.
void serve_blocking(int socket, service what) noexcept;

/// Accepts and serves one client after the other, for ever.
[[noreturn]] void serve_clients(int listener, service what) noexcept;

}  // namespace bare
