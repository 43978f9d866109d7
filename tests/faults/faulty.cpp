// A service for tests that does what its client says: "exit 17" ends the process that serves the
// client with that code, "signal 11" by that signal; "pid" is answered by the pid of that process,
// and every other line is sent back. "ignore" writes, "deaf" reads for ever and looks at no result.

#include <unistd.h>

#include <charconv>
#include <csignal>
#include <string>
#include <string_view>

#include <samjoko/samjoko.hpp>

namespace {

int number_behind(std::string_view word, std::string_view line) {
  int number = 0;
  std::from_chars(line.data() + word.size(), line.data() + line.size(), number);
  return number;
}

/// Sanitizers catch SIGSEGV and similar signals, and exit: the test needs the default action.
[[noreturn]] void end_by(int signal) {
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  ::sigaction(signal, &action, nullptr);
  sigset_t all;
  sigfillset(&all);
  ::sigprocmask(SIG_UNBLOCK, &all, nullptr);
  ::kill(::getpid(), signal);
  while (true) ::pause();  // another thread may be the one that takes it
}

/// The tests are about this fault.
samjoko::task<> write_for_ever(samjoko::connection& client) {
  for (;;) static_cast<void>(co_await client.write("more\n"));
}
samjoko::task<> read_for_ever(samjoko::connection& client) {
  for (;;) static_cast<void>(co_await client.read());
}

samjoko::task<> obey(samjoko::connection& client) {
  while (auto line = co_await client.read_line()) {
    if (line->starts_with("exit ")) ::_exit(number_behind("exit ", *line));
    if (line->starts_with("signal ")) end_by(number_behind("signal ", *line));
    if (*line == "ignore") co_await write_for_ever(client);
    if (*line == "deaf") co_await read_for_ever(client);
    const auto answer = (*line == "pid" ? std::to_string(::getpid()) : std::string(*line)) + "\n";
    const auto written = co_await client.write(samjoko::as_bytes(answer));
    if (!written) co_return;
  }
}

}  // namespace

int main(int argc, char** argv) {
  return samjoko::run(argc, argv, {.name = "faulty", .handler = obey, .stops_between_reads = true});
}
