// For tests in a pid namespace: `crowd orphans N` makes N processes whose parent ends before them,
// and prints how each will end. `crowd bystanders` keeps short-lived processes coming and going,
// which no process may signal, and prints HIT when one is signalled.

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <string_view>

namespace {

void nap(unsigned milliseconds) { ::usleep(milliseconds * 1000); }

[[noreturn]] void end_as(int number, int end_of_parent) {
  char byte = 0;
  [[maybe_unused]] const auto ended = ::read(end_of_parent, &byte, 1);
  nap(static_cast<unsigned>(number) * 7919 % 1000);
  constexpr std::array signals = {SIGKILL, SIGTERM, SIGSEGV};
  if (number % 4 == 0) ::kill(::getpid(), signals[static_cast<std::size_t>(number) % 3]);
  ::_exit(number % 256);
}

int make_orphans(int count) {
  int ends[2];
  if (::pipe(ends) != 0) return 1;
  if (::fork() == 0) {
    constexpr std::array signals = {SIGKILL, SIGTERM, SIGSEGV};
    for (int number = 0; number < count; ++number) {
      const auto child = ::fork();
      if (child == 0) {
        ::close(ends[1]);
        ::close(STDOUT_FILENO);
        end_as(number, ends[0]);
      }
      if (number % 4 == 0) {
        std::printf("%d was killed by signal %d\n", child,
                    signals[static_cast<std::size_t>(number) % 3]);
      } else {
        std::printf("%d exited with code %d\n", child, number % 256);
      }
    }
    std::fflush(stdout);
    ::_exit(0);
  }
  ::close(ends[1]);
  ::wait(nullptr);
  return 0;
}

void hit(int) {
  constexpr std::string_view words = "HIT\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, words.data(), words.size());
}

[[noreturn]] void stand_by() {
  struct sigaction action = {};
  action.sa_handler = hit;
  for (int signal = 1; signal < SIGRTMIN; ++signal) ::sigaction(signal, &action, nullptr);
  nap(30);
  ::_exit(7);
}

int send_bystanders() {
  while (true) {
    for (int n = 0; n < 15; ++n)
      if (::fork() == 0) stand_by();
    for (int status = 0; ::wait(&status) > 0;)
      if (!WIFEXITED(status) || WEXITSTATUS(status) != 7) hit(0);
    nap(20);
  }
}

int number_of(std::string_view word) {
  int number = 0;
  std::from_chars(word.data(), word.data() + word.size(), number);
  return number;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  if (what == "orphans" && argc > 2) return make_orphans(number_of(argv[2]));
  return what == "bystanders" ? send_bystanders() : 2;
}
