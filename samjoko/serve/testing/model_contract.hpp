#pragma once
// Charter: for tests: what every model must hold, whatever it is made of. A case is a TEST_P on
// this fixture; contract_matrix_test.cpp runs all cases over all models and prints the results.

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <samjoko/serve/testing/running_model.hpp>

namespace samjoko::serve {

/// Memory that the test, the worker and the processes of its clients all see.
struct shared_notes {
  std::atomic<int> states_made = 0;
  std::atomic<int> states_alive = 0;
  std::atomic<int> turns = 0;
  std::atomic<int> failed_writes = 0;
  std::atomic<int> last_error = 0;
};

class model_contract : public ::testing::TestWithParam<placement> {
 protected:
  [[nodiscard]] shared_notes& notes() const { return notes_.cells().front(); }

 private:
  os::shared_cells<shared_notes> notes_ = os::shared_cells<shared_notes>::make(1).value();
};

/// The plain form: everything back as it came.
inline task<> send_back(connection& client) {
  while (auto bytes = co_await client.read()) {
    const auto written = co_await client.write(*bytes);
    if (!written) co_return;
  }
}
inline service echo() {
  return {.name = "echo", .handler = send_back, .stops_between_reads = true};
}

/// The turn form, with a state: answers each line with its number; "bye" is the last.
struct line_count {
  int lines = 0;
};
inline task<next> count_lines(connection& client, line_count& state) {
  const auto line = co_await client.read_line();
  if (!line) co_return next::close;
  const bool last = *line == "bye";
  const auto answer = std::to_string(++state.lines) + " " + std::string(*line) + "\n";
  const auto written = co_await client.write(answer);
  if (!written || last) co_return next::close;
  co_return next::keep;
}
inline service counting() { return {.name = "counting", .handler = count_lines}; }

/// One direction of a relay, to its end.
inline task<result<void>> pass_on(connection& from, connection& to) {
  while (auto bytes = co_await from.read()) {
    auto written = co_await to.write(*bytes);
    if (!written) co_return written;
  }
  to.shutdown_send();
  co_return result<void>{};
}

/// A whole line within 300 ms, however it trickles: says whether it was late.
inline task<> one_line_in_time(connection& client) {
  client.set_deadline(deadline::after(milliseconds(300)));
  const auto line = co_await client.read_line();
  client.set_deadline(deadline::never());
  const bool late = !line && line.error().is(ETIMEDOUT);
  std::string_view answer = "other\n";
  if (late) answer = "late\n";
  static_cast<void>(co_await client.write(answer));
}

}  // namespace samjoko::serve
