#pragma once
// Charter: for tests: runs a victim (tests/victims), a program of its own that dies, and holds the
// capture that it leaves.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <samjoko/os/descriptor.hpp>
#include <samjoko/os/poll.hpp>
#include <samjoko/postmortem/capture_slot.hpp>
#include <samjoko/postmortem/unwind.hpp>
#include <string>
#include <vector>

namespace samjoko::postmortem {

/// Every way to link a victim: "pie", "fixed", "static", "static_pie".
inline std::vector<std::string> victim_builds() {
  std::vector<std::string> names;
  for (std::string_view rest = SAMJOKO_VICTIM_NAMES; !rest.empty();) {
    names.emplace_back(rest.substr(0, rest.find(',')));
    rest.remove_prefix(std::min(names.back().size() + 1, rest.size()));
  }
  return names;
}

/// A program without shared libraries is started and unwound fastest; sanitizers cannot be linked
/// so.
inline std::string quickest_build() { return victim_builds().size() > 2 ? "static" : "fixed"; }

class victim {
 public:
  static constexpr std::size_t slot_count = 4;

  victim(const std::string& build, std::string way, std::string how = "") {
    file_.reset(::memfd_create("slots", 0));
    constexpr auto size = slot_count * sizeof(capture_slot);
    EXPECT_EQ(::ftruncate(file_.get(), size), 0);
    slots_ = static_cast<capture_slot*>(
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), 0));
    std::array<int, 2> said{}, heard{};
    EXPECT_EQ(::pipe2(said.data(), 0), 0);
    EXPECT_EQ(::pipe2(heard.data(), 0), 0);
    const os::descriptor says(said[1]), hears(heard[0]);
    said_.reset(said[0]);
    heard_.reset(heard[1]);
    start(SAMJOKO_VICTIMS + build,
          {std::move(way), std::to_string(file_.get()), std::to_string(says.get()),
           std::to_string(hears.get()), std::move(how)});
  }
  victim(const victim&) = delete;
  victim& operator=(const victim&) = delete;
  ~victim() {
    if (!reaped_) {
      ::kill(pid_, SIGKILL);
      wait();
    }
    ::munmap(slots_, slot_count * sizeof(capture_slot));
  }

  /// The status as waitpid stores it.
  int wait() {
    int status = -1;
    EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
    reaped_ = true;
    return status;
  }
  void wait_ready() {
    char word = 0;
    EXPECT_EQ(::read(said_.get(), &word, 1), 1);
  }
  void tell_to_go_on() { EXPECT_EQ(::write(heard_.get(), "g", 1), 1); }

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] std::span<capture_slot> slots() { return {slots_, slot_count}; }
  /// The capture of its death; null when it left none.
  [[nodiscard]] capture_slot* last() {
    return find_capture(slots(), pid_, capture_reason::fatal_signal);
  }

 private:
  void start(const std::string& program, std::vector<std::string> arguments) {
    std::vector<char*> words{const_cast<char*>(program.c_str())};
    for (auto& each : arguments) {
      if (!each.empty()) words.push_back(each.data());
    }
    words.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_addclose(&actions, said_.get());
    ::posix_spawn_file_actions_addclose(&actions, heard_.get());
    EXPECT_EQ(::posix_spawn(&pid_, program.c_str(), &actions, nullptr, words.data(), environ), 0)
        << program;
    ::posix_spawn_file_actions_destroy(&actions);
  }

  os::descriptor file_, said_, heard_;
  capture_slot* slots_ = nullptr;
  pid_t pid_ = -1;
  bool reaped_ = false;
};

inline std::string text_of(const backtrace& calls) {
  std::string text;
  for (const auto& each : calls.frames) text += "  " + each.sentence() + "\n";
  return text + "  (" + calls.remark + ")\n";
}

/// The place of a function on the stack, counted from the innermost; -1 when it is not there.
inline int depth_of(const backtrace& calls, std::string_view function) {
  const auto found = std::ranges::find_if(calls.frames, [=](const stack_frame& each) {
    return each.function.find(function) != std::string::npos;
  });
  return found == calls.frames.end() ? -1 : static_cast<int>(found - calls.frames.begin());
}

}  // namespace samjoko::postmortem
