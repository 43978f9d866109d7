#include <samjoko/log/writer.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <new>

#include <samjoko/log/format.hpp>
#include <samjoko/os/clock.hpp>

namespace samjoko::log {
namespace {

std::int64_t this_second() noexcept {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count() + 1;  // never 0
}

std::size_t hash_of(const char* text) noexcept {  // FNV-1a
  std::size_t hash = 0xcbf29ce484222325U;
  for (; *text != '\0'; ++text) {
    hash = (hash ^ static_cast<unsigned char>(*text)) * 0x100000001b3U;
  }
  return hash;
}

// A write to a pipe without a reader raises SIGPIPE in the writing thread. Whether that ends the
// process is the program's choice, not the log's, so the signal is blocked around the write and
// taken back. A terminal that lets no background process write (stty tostop) raises SIGTTOU, and
// with SA_RESTART the write would begin anew for ever; a thread that blocks SIGTTOU may write (man
// 4 tty_ioctl, TOSTOP).
class no_signal_of_the_write {
 public:
  no_signal_of_the_write() noexcept {
    sigemptyset(&pipe_only_);
    sigaddset(&pipe_only_, SIGPIPE);
    sigset_t both = pipe_only_;
    sigaddset(&both, SIGTTOU);
    ::pthread_sigmask(SIG_BLOCK, &both, &before_);
  }
  ~no_signal_of_the_write() {
    if (raised_ && sigismember(&before_, SIGPIPE) != 1) {
      constexpr timespec at_once = {};
      while (::sigtimedwait(&pipe_only_, nullptr, &at_once) < 0 && errno == EINTR) {
      }
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  no_signal_of_the_write(const no_signal_of_the_write&) = delete;
  no_signal_of_the_write& operator=(const no_signal_of_the_write&) = delete;
  void raised() noexcept { raised_ = true; }

 private:
  sigset_t pipe_only_{};
  sigset_t before_{};
  bool raised_ = false;
};

ssize_t write_quietly(int to, std::string_view line) noexcept {
  no_signal_of_the_write guard;
  const auto written = ::write(to, line.data(), line.size());
  if (written < 0 && errno == EPIPE) guard.raised();
  return written;
}

// Another writer may fill the room between the poll and the write; then this writer waits. That is
// the price of a description that others share, and the reason why this way is the last resort.
ssize_t ask_and_write(int to, std::string_view line) noexcept {
  pollfd room{to, POLLOUT, 0};
  if (::poll(&room, 1, 0) <= 0 || (room.revents & POLLOUT) == 0) return -1;
  return write_quietly(to, line);
}

bool is_character_or_pipe(unsigned mode) noexcept { return S_ISCHR(mode) || S_ISFIFO(mode); }

/// Whether this is a FIFO as open_target() opens it. No other process has that description. Opened
/// anew for writing alone, the FIFO would have no reader when its reader leaves.
bool is_own_fifo(unsigned mode, int number) noexcept {
  constexpr int asked = O_ACCMODE | O_NONBLOCK;
  return S_ISFIFO(mode) && (::fcntl(number, F_GETFL) & asked) == (O_RDWR | O_NONBLOCK);
}

}  // namespace

writer::~writer() {
  if (const int target = target_.load(); target >= 0) os::descriptor(target).reset();
}

writer::way writer::way_for(unsigned mode, os::descriptor& where) {
  if (S_ISSOCK(mode)) return way::socket;
  if (!is_character_or_pipe(mode)) return way::file;
  if (is_own_fifo(mode, where.get())) return way::pipe;
  std::array<char, 32> path{};
  fmt::format_to_n(path.data(), path.size() - 1, "/proc/self/fd/{}", where.get());
  const int own = ::open(path.data(), O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (own < 0) return way::ask_first;
  where.reset(own);
  return way::pipe;
}

result<void> writer::adopt(os::descriptor where) {
  struct stat about = {};
  if (::fstat(where.get(), &about) != 0) return failure(errno, "fstat", "log");
  const auto chosen = way_for(about.st_mode, where);
  const int current = target_.load();
  if (current < 0) {
    way_.store(chosen);
    target_.store(where.release());
    return {};
  }
  way_.store(way::ask_first);  // right for either descriptor, while the number changes its meaning
  if (::dup3(where.get(), current, O_CLOEXEC) < 0) return failure(errno, "dup3", "log");
  way_.store(chosen);
  return {};
}

void writer::set_name(std::string_view name) noexcept {
  name_ = {};
  const auto fits = name.size() < name_limit - 1 ? name.size() : name_limit - 1;
  std::memcpy(name_.data(), name.data(), fits);
}

void writer::write(level level, const kind& kind, fmt::string_view format,
                   fmt::format_args arguments) noexcept {
  std::uint32_t held_back = 0;
  if (!wants(level) || !may_pass(level, kind, held_back)) return;
  std::array<char, line_limit> message;
  try {
    const auto end = fmt::vformat_to_n(message.data(), message.size(), format, arguments);
    emit(level, kind.name, {message.data(), end.size < message.size() ? end.size : message.size()},
         held_back);
  } catch (...) {  // only a formatter of a user's type can throw
    emit(level, kind.name, "a line that could not be formatted", held_back);
  }
}

void writer::when_it_holds_back(void (*first)(void*) noexcept, void* context) noexcept {
  first_held_back_.store(nullptr);
  for (auto& each : limiters_) each.held_back.store(0);
  sums_up_.store(nullptr);
  holds_back_.store(false);
  context_ = context;
  first_held_back_.store(first);
}

void writer::report_held_back() noexcept {
  if (!holds_back_.exchange(false)) return;
  const auto now = this_second();
  bool too_early = false;
  if (auto* const say = sums_up_.load()) too_early = say();
  for (auto& each : limiters_) {
    const char* name = each.name.load();
    if (name == nullptr || each.held_back.load() == 0) continue;
    if (each.second.load() == now) {
      too_early = true;
      continue;
    }
    say_held_back(each, name);
  }
  if (too_early) note_held_back();
}

// NOLINTNEXTLINE(bugprone-exception-escape): format_to_n into an array, of a string, throws nothing
void writer::say_held_back(limiter& of, const char* name) noexcept {
  const auto level = of.worst.exchange(level::debug);
  const auto count = of.held_back.exchange(0);
  if (count == 0) return;
  std::array<char, 120> message;
  const auto end = fmt::format_to_n(message.data(), message.size(),
                                    "not every line about '{}' was written", name);
  emit(level, name, {message.data(), std::min(end.size, message.size())}, count);
}

void writer::note_held_back() noexcept {
  if (holds_back_.exchange(true)) return;
  if (auto* const first = first_held_back_.load()) first(context_);
}

void writer::hold_back(bool (*say)() noexcept) noexcept {
  sums_up_.store(say);
  note_held_back();
}

// The table is never emptied: kinds are literals of the program, few, and they never change. When
// it is full, the kinds that remain share its first places, and with them a limit.
writer::limiter* writer::limiter_of(const char* name) noexcept {
  const auto home = hash_of(name) % limiters_.size();
  for (std::size_t step = 0; step < limiters_.size(); ++step) {
    auto& place = limiters_[(home + step) % limiters_.size()];
    const char* seen = nullptr;
    if (place.name.compare_exchange_strong(seen, name)) return &place;
    if (seen == name || std::strcmp(seen, name) == 0) return &place;
  }
  return &limiters_[home];
}

bool writer::may_pass(level level, const kind& kind, std::uint32_t& held_back) noexcept {
  if (kind.per_second == 0) return true;
  auto& limit = *limiter_of(kind.name);
  const auto now = this_second();
  auto seen = limit.second.load();
  if (seen != now && limit.second.compare_exchange_strong(seen, now)) limit.passed.store(0);
  if (limit.passed.fetch_add(1) >= kind.per_second) {
    auto worst = limit.worst.load();
    while (worst < level && !limit.worst.compare_exchange_weak(worst, level)) {
    }
    limit.held_back.fetch_add(1);
    note_held_back();
    return false;
  }
  held_back = limit.held_back.exchange(0);
  return true;
}

void writer::emit(level level, const char* kind, std::string_view message,
                  std::uint32_t held_back) noexcept {
  report_lost();
  if (!put_line(level, kind, message, held_back)) lost_.fetch_add(1);
}

// NOLINTNEXTLINE(bugprone-exception-escape): format_to_n into an array, of a number, throws nothing
void writer::report_lost() noexcept {
  const auto count = lost_.exchange(0);
  if (count == 0) return;
  std::array<char, 80> message;
  const auto end = fmt::format_to_n(message.data(), message.size(),
                                    "lines of this log that could not be written: {}", count);
  if (!put_line(level::warning, "lost", {message.data(), end.size}, 0)) lost_.fetch_add(count);
}

bool writer::put_line(level level, const char* kind, std::string_view message,
                      std::uint32_t held_back) noexcept {
  line line;
  return put(compose(line, format_.load(),
                     {.when = os::wall_now(),
                      .level = level,
                      .pid = static_cast<std::uint64_t>(::getpid()),
                      .who = name_.data(),
                      .kind = kind,
                      .message = message,
                      .held_back = held_back}));
}

bool writer::put(std::string_view line) noexcept {
  if (torn_.load() && put_some("\n") != 1) return false;
  const auto written = put_some(line);
  torn_.store(written != 0 && written != line.size());
  return written == line.size();
}

std::size_t writer::put_some(std::string_view line) noexcept {
  const int to = target_.load() < 0 ? STDERR_FILENO : target_.load();
  ssize_t written = -1;
  do {
    errno = 0;
    switch (way_.load()) {
      case way::file: written = ::write(to, line.data(), line.size()); break;
      case way::pipe: written = write_quietly(to, line); break;
      case way::socket:
        written = ::send(to, line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        break;
      case way::ask_first: written = ask_and_write(to, line); break;
    }
  } while (written < 0 && errno == EINTR);
  return written < 0 ? 0 : static_cast<std::size_t>(written);
}

writer& process_log() noexcept {
  // Never destroyed: threads may log while the program exits.
  alignas(writer) static std::array<std::byte, sizeof(writer)> place;
  static auto* const only = new (place.data()) log::writer;
  return *only;
}

result<void> write_to(os::descriptor where, std::string_view name) {
  process_log().set_name(name);
  return process_log().adopt(std::move(where));
}

}  // namespace samjoko::log
