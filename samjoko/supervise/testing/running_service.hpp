#pragma once
// Charter: for tests: a master with real workers in a process of its own. The test sees only what
// an operator has: its log, its signals, its exit status.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include <samjoko/log/writer.hpp>
#include <samjoko/os/pidfd.hpp>
#include <samjoko/os/poll.hpp>
#include <samjoko/os/process.hpp>
#include <samjoko/os/subreaper.hpp>
#include <samjoko/supervise/master.hpp>

namespace samjoko::supervise {

/// Far longer than anything takes; only a failing test waits for it.
inline deadline soon() { return deadline::after(std::chrono::seconds(20)); }

struct pipe_ends {
  pipe_ends() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    out = os::descriptor(ends[0]);
    in = os::descriptor(ends[1]);
  }
  os::descriptor out, in;
};

/// Collects a log from a pipe and finds lines in it.
class log_reader {
 public:
  explicit log_reader(os::descriptor from) : from_(std::move(from)) {}

  /// The first line with `part` in it that no earlier call has returned or passed over.
  std::string wait_for(std::string_view part) {
    const auto until = soon();
    while (true) {
      if (auto found = next_with(part); !found.empty()) return found;
      if (!os::wait_readable(from_.get(), until) || !read_some()) {
        ADD_FAILURE() << "no line with \"" << part << "\" came; the log is:\n" << text_;
        return {};
      }
    }
  }
  /// The whole log, up to the end of file: when all writers have ended.
  const std::string& read_to_end() {
    const auto until = soon();
    while (os::wait_readable(from_.get(), until) && read_some()) {
    }
    return text_;
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  bool read_some() {
    std::array<char, 16384> some;
    const auto count = ::read(from_.get(), some.data(), some.size());
    if (count <= 0) return false;
    text_.append(some.data(), static_cast<std::size_t>(count));
    return true;
  }
  std::string next_with(std::string_view part) {
    for (std::size_t end = 0; (end = text_.find('\n', at_)) != std::string::npos;) {
      auto line = text_.substr(at_, end - at_);
      at_ = end + 1;
      if (line.find(part) != std::string::npos) return line;
    }
    return {};
  }

  os::descriptor from_;
  std::string text_;
  std::size_t at_ = 0;
};

/// The process that wrote a line: its third word.
inline pid_t writer_of(const std::string& line) {
  const auto level = line.find(' ');
  const auto pid = level == std::string::npos ? level : line.find(' ', level + 1);
  pid_t number = 0;
  if (pid != std::string::npos)
    std::from_chars(line.data() + pid + 1, line.data() + line.size(), number);
  return number;
}

class running_service {
 public:
  running_service(const std::function<master_settings()>& settings, const worker_main& main)
      : running_service(settings, main, pipe_ends()) {}

  running_service(const running_service&) = delete;
  running_service& operator=(const running_service&) = delete;
  ~running_service() {
    if (pid_ != 0) {
      ADD_FAILURE() << "the service was left running";
      ::kill(-pid_, SIGKILL);
      (void)wait_end();
    }
  }

  void signal(int number) const { ASSERT_EQ(::kill(pid_, number), 0); }
  /// Signals the whole process group, as Ctrl+C does.
  void signal_group(int number) const { ASSERT_EQ(::kill(-pid_, number), 0); }
  [[nodiscard]] pid_t pid() const { return pid_; }
  std::string wait_for(std::string_view part) { return log.wait_for(part); }
  /// The pid of worker `number`, once it says that it serves.
  pid_t wait_serving(int number = 1) {
    return writer_of(log.wait_for("worker " + std::to_string(number) + ": serving"));
  }

  os::exit_status wait_end() {
    EXPECT_TRUE(os::wait_readable(process_.get(), soon())) << "does not end:\n" << log.text();
    int status = -1;
    EXPECT_EQ(::waitpid(pid_, &status, WNOHANG), pid_);
    pid_ = 0;
    return os::exit_status::from_wait(status);
  }
  /// Expects that the master ends with `code` and leaves no process: this test would adopt an
  /// orphan.
  void expect_end(int code) {
    EXPECT_EQ(wait_end(), os::exit_status::exited(code)) << log.read_to_end();
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a worker outlived its master";
  }

  log_reader log;

 private:
  running_service(const std::function<master_settings()>& settings, const worker_main& main,
                  pipe_ends ends)
      : log(std::move(ends.out)) {
    EXPECT_TRUE(os::become_subreaper());
    const auto forked = os::fork_process();
    EXPECT_TRUE(forked);
    if (forked->in_child()) {
      ::setpgid(0, 0);
      if (!log::write_to(std::move(ends.in), "test")) os::leave_process(99);
      log::process_log().set_least_level(log::level::debug);
      os::leave_process(run_master(settings(), main));
    }
    pid_ = forked->pid;
    ::setpgid(pid_, pid_);  // the parent and the child both call it
    auto opened = os::open_pidfd(pid_);
    EXPECT_TRUE(opened);
    process_ = std::move(*opened);
  }

  pid_t pid_ = 0;
  os::descriptor process_;
};

}  // namespace samjoko::supervise
