// A service with timers: the line "250ms tea" makes the server say "tea" 250 ms later. Many may run
// at once, beside the wait for the next line, in every model: in a forked child too.
// Try: timers --model process &   nc -N 127.0.0.1 7000
#include <charconv>
#include <samjoko/samjoko.hpp>

namespace {

constexpr std::size_t most_timers = 100;  // of one client
using words = samjoko::channel<std::string>;

/// One task writes for all, since a connection takes one write at a time.
samjoko::task<> write_each(samjoko::connection& client, words& said) {
  while (auto word = co_await said.receive()) {
    const auto written = co_await client.write(*word, "\n");
    if (!written) break;
  }
  said.close();  // later sends fail: the channel is closed
}

samjoko::task<> say_after(samjoko::io::loop& on, unsigned time, std::string word, words& said) {
  const auto when = samjoko::deadline::after(samjoko::milliseconds(time));
  const bool passed = co_await samjoko::io::sleep_until(on, when);  // or cancelled
  if (passed) static_cast<void>(co_await said.send(std::move(word)));
}

/// Where the word of "250ms tea" begins; 0 where the line is not of that form.
std::size_t parse(std::string_view line, unsigned& time) {
  const auto number = std::from_chars(line.begin(), line.end(), time);
  const auto digits = static_cast<std::size_t>(number.ptr - line.begin());
  const bool right = number.ec == std::errc() && line.substr(digits).starts_with("ms ");
  return right ? digits + 3 : 0;
}

samjoko::task<> timers(samjoko::connection& client) {
  words said(1);
  samjoko::scope writer(client.context());
  samjoko::scope running(client.context());
  writer.spawn(write_each(client, said));
  bool finished = false;  // the client has sent everything, and waits for the rest
  while (running.alive() < most_timers) {
    unsigned time = 0;
    const auto line = co_await client.read_line();
    finished = !line && line.error().is(samjoko::condition::end_of_stream);
    const auto begin = line ? parse(*line, time) : 0;
    if (begin == 0) break;  // any other line, silence for too long, or the server stops
    running.spawn(say_after(client.loop(), time, std::string(line->substr(begin)), said));
  }
  if (!finished) running.cancel();
  static_cast<void>(co_await running.join());
  said.close();
  static_cast<void>(co_await writer.join());
}

}  // namespace

int main(int argc, char** argv) {
  return samjoko::run(argc, argv, {.name = "timers", .handler = timers});
}
