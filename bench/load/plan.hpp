#pragma once
// What the load generator is asked to do. All of it is bounded: connections, seconds, operations
// and errors. It connects to 127.0.0.1 only.

#include <cstdint>
#include <string>

namespace load {

enum class talk {
  echo,       // 64 bytes there and back
  http,       // GET, an answer with a length
  http_once,  // the same with "Connection: close": over when the server has closed
};

struct plan {
  int port = 0;
  talk what = talk::echo;
  bool reconnects = false;  // a connection for each operation
  bool holds = false;       // one operation for each connection, and then silence
  bool in_pieces = false;   // each request in two sends, a millisecond apart
  std::uint64_t connections = 64;
  std::uint64_t depth = 1;      // requests in one send
  std::uint64_t body_size = 0;  // expected of each answer; 0: any
  std::string request;          // one, or `depth` of them
  std::uint64_t warm_operations = 0, operations = 0;
  double warm_seconds = 0, seconds = 0;
};

/// Ends the program with a line of usage when the arguments make no sense.
[[nodiscard]] plan parse(int argc, char** argv);

}  // namespace load
