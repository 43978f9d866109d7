#pragma once
// The clients: one thread and one epoll set for all of them. Each sends a request, reads the answer
// and begins again, at once. The generator's own speed does not matter, only that it is never idle.

#include <load/answer.hpp>

#include <deque>
#include <vector>

namespace load {

struct phase {
  std::uint64_t operations = 0;
  std::uint64_t errors = 0;
  double seconds = 0;
};

class crowd {
 public:
  explicit crowd(const plan& to_do);
  crowd(const crowd&) = delete;
  crowd& operator=(const crowd&) = delete;
  ~crowd();

  /// Runs until so many seconds have passed and so many operations are done; or until the server
  /// has sent nothing for 5 s, or most of what it sends is wrong.
  [[nodiscard]] phase run(double seconds, std::uint64_t operations);
  /// Makes all connections, with one operation on each.
  [[nodiscard]] phase hold();
  /// How many of the held connections have ended.
  [[nodiscard]] std::uint64_t count_lost();

 private:
  struct client {
    int socket = -1;
    std::uint64_t awaited = 0;  // answers
    answer_reader answers;
  };
  struct owed_piece {
    std::size_t number;
    int socket;
    double due;
  };

  void connect(std::size_t number);
  void begin(std::size_t number);
  void send(std::size_t number, std::string_view text);
  void receive(std::size_t number);
  void answered(std::size_t number);
  void ended_by_server(std::size_t number);
  void drop(std::size_t number);
  void fail(std::size_t number);
  void send_owed_pieces();
  void wait_once();
  [[nodiscard]] bool stalled(double now);

  const plan& plan_;
  std::vector<client> clients_;
  std::deque<owed_piece> owed_;
  std::size_t begun_ = 0;  // how many of the clients have been started
  std::uint32_t sources_ = 0;
  phase now_;
  std::uint64_t seen_operations_ = 0;
  double seen_at_ = 0;
  int epoll_;
};

/// Seconds of a clock that never goes back.
[[nodiscard]] double clock_seconds();

}  // namespace load
