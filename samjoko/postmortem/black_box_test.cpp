#include <samjoko/postmortem/black_box.hpp>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <functional>
#include <samjoko/os/confine.hpp>
#include <samjoko/os/memory_map.hpp>
#include <samjoko/os/packet_pair.hpp>
#include <samjoko/os/process.hpp>
#include <samjoko/postmortem/captured_facts.hpp>
#include <samjoko/postmortem/death_claim.hpp>
#include <samjoko/postmortem/unwind.hpp>
#include <span>

namespace samjoko::postmortem {
namespace {

using namespace std::chrono_literals;

int status_of_child(const std::function<int()>& run) {
  const auto forked = os::fork_process(os::child_mask::blocked);
  EXPECT_TRUE(forked);
  if (forked->in_child()) os::leave_process(run());
  int status = 0;
  EXPECT_EQ(::waitpid(forked->pid, &status, 0), forked->pid);
  return status;
}

bool is_mapped(const void* where) {
  unsigned char seen = 0;
  const auto page = reinterpret_cast<std::uintptr_t>(where) & ~std::uintptr_t{4095};
  // NOLINTNEXTLINE(performance-no-int-to-ptr): an address that may be mapped or not
  return ::mincore(reinterpret_cast<void*>(page), 1, &seen) == 0;
}

TEST(black_boxes, a_worker_has_its_own_alone) {
  auto boxes = black_boxes::make(3).value();
  for (std::size_t worker = 1; worker <= 3; ++worker) ASSERT_TRUE(boxes->open(worker));
  const auto* other = boxes->of(1)->cells.data();
  const auto* mine = boxes->of(2)->cells.data();
  const auto* slots = boxes->of(3)->captures.data();
  ASSERT_NE(boxes->own().deaths.append({}, death_ring::telling::done), 0U);
  const int status = status_of_child([&] {
    boxes->keep_only(2);
    if (is_mapped(other) || is_mapped(slots) || !is_mapped(mine)) return 1;
    if (boxes->of(1) != nullptr || boxes->of(2) == nullptr) return 2;
    boxes->of(2)->cells[0].clients.store(7);
    return boxes->own().deaths.count() == 0 ? 0 : 3;
  });
  EXPECT_EQ(status, 0);
  EXPECT_EQ(boxes->of(2)->cells[0].clients.load(), 7U);
  EXPECT_EQ(boxes->own().deaths.count(), 1U);
}

TEST(slot_cells, of_the_others_are_given_up) {
  auto cells = os::slot_cells<std::atomic<int>>::make(5).value();
  cells.at(4).store(4);
  EXPECT_EQ(status_of_child([&] {
              cells.keep_only(2);
              cells.at(2).store(2);
              return is_mapped(&cells.at(1)) || is_mapped(&cells.at(3)) ? 1 : 0;
            }),
            0);
  EXPECT_EQ(cells.at(2).load(), 2);
  EXPECT_EQ(cells.at(4).load(), 4);
}

death_report known() {
  death_report made{.status = os::exit_status::exited(0), .model = "process-pool", .worker = 3};
  made.generation = 9;
  return made;
}

TEST(death_claim, of_a_forger_keeps_nothing_that_the_master_knows_better) {
  death_record forged;
  std::memset(static_cast<void*>(&forged), 0x7f, sizeof forged);
  forged.exited = false;
  forged.signal = 11;
  forged.title.assign("worker 1 of payroll");
  const auto kept = believed(forged, known(), 32, 1000, true);
  EXPECT_EQ(kept.worker, 3U);
  EXPECT_EQ(kept.generation, 9U);
  EXPECT_EQ(kept.role, death_role::client_process);
  EXPECT_EQ(kept.cause, death_cause::unknown);
  EXPECT_EQ(kept.sure, certainty::unknown);
  EXPECT_EQ(kept.limit, own_limit::none);
  EXPECT_TRUE(kept.title.empty());
  EXPECT_EQ(kept.model.view(), "process-pool");
  EXPECT_EQ(kept.when_ms, 1000);
  EXPECT_EQ(kept.capture, 0U);
}

TEST(death_claim, that_contradicts_itself_or_what_is_known_says_so) {
  death_record forged;
  forged.pid = 4711;
  forged.capture = 1;
  const auto nothing = believed(forged, known(), 32, 1000, true);  // "killed by signal 0"
  EXPECT_NE(nothing.message.view().find("worker 3 left contradicts itself"),
            std::string_view::npos);
  EXPECT_EQ(nothing.capture, 0U);
  forged.signal = 9;
  EXPECT_TRUE(believed(forged, known(), 32, 1000, true).message.empty());
  const auto living = believed(forged, known(), 32, 1000, false);
  EXPECT_NE(living.message.view().find("contradicts what is known"), std::string_view::npos);
}

TEST(captured_facts, that_do_not_fit_the_end_are_not_its_last_words) {
  captured_facts left;
  left.fatal = true;
  left.signal = SIGSEGV;
  EXPECT_TRUE(fits(left, os::exit_status::killed(SIGSEGV)));
  EXPECT_TRUE(fits(left, os::exit_status::killed(SIGKILL))) << "while it was about to die";
  EXPECT_FALSE(fits(left, os::exit_status::killed(SIGABRT)));
  EXPECT_FALSE(fits(left, os::exit_status::exited(0)));
  left.signal = SIGKILL;
  EXPECT_FALSE(fits(left, os::exit_status::killed(SIGKILL))) << "which nobody catches";
}

// Room for one descriptor is room for two, by alignment: each message left one descriptor behind.
TEST(packet_pair, keeps_one_descriptor_at_most_and_none_that_is_refused) {
  for (const auto what : {os::attached_too::taken, os::attached_too::refused}) {
    auto ends = os::open_packet_pair().value();
    const int twice[2] = {2, 2};
    std::uint64_t word = 1;
    iovec piece{&word, sizeof word};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof twice)> room{};
    msghdr header = {};
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    header.msg_control = room.data();
    header.msg_controllen = room.size();
    auto* control = CMSG_FIRSTHDR(&header);
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_RIGHTS;
    control->cmsg_len = CMSG_LEN(sizeof twice);
    std::memcpy(CMSG_DATA(control), twice, sizeof twice);
    ASSERT_EQ(::sendmsg(ends.first.get(), &header, 0), static_cast<ssize_t>(sizeof word));
    const os::descriptor before(::dup(2));
    const int lowest_free = before.get() + 1;
    {
      const auto got =
          os::receive_packet(ends.second, std::as_writable_bytes(std::span(&word, 1)), what);
      ASSERT_TRUE(got && *got);
      EXPECT_EQ(static_cast<bool>((*got)->attached), what == os::attached_too::taken);
    }
    const os::descriptor after(::dup(2));
    EXPECT_EQ(after.get(), lowest_free) << "something stayed open";
  }
}

TEST(confine, what_only_reads_opens_no_other_file_and_does_nothing_else) {
  std::string secret = testing::TempDir() + "samjoko-secret-XXXXXX";
  const os::descriptor made(::mkstemp(secret.data()));
  const auto maps = os::own_maps();
  const int status = status_of_child([&] {
    // Asked before: the undefined behaviour sanitizer looks at memory by pipe2, which is refused
    // then.
    const auto here = os::confinement_here();
    if (!os::confine_to_reading(maps, std::uint64_t{1} << 30, 20s)) return 1;
    const os::descriptor own(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    if (!own) return 2;
    const bool has_landlock = here.find("no Landlock") == std::string::npos;
    const bool has_filter = here.find("no seccomp") == std::string::npos;
    if (has_landlock && ::open(secret.c_str(), O_RDONLY | O_CLOEXEC) >= 0) return 3;
    if (::open(secret.c_str(), O_RDWR | O_CLOEXEC) >= 0 && has_filter) return 4;
    if (has_filter && ::socket(AF_UNIX, SOCK_STREAM, 0) >= 0) return 5;
    if (has_filter && ::kill(::getppid(), 0) == 0) return 6;
    return 0;
  });
  EXPECT_EQ(status, 0) << os::confinement_here();
  ::unlink(secret.c_str());
}

}  // namespace
}  // namespace samjoko::postmortem
