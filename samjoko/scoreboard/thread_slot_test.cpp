#include <samjoko/scoreboard/thread_slot.hpp>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <samjoko/os/address.hpp>
#include <samjoko/os/descriptor.hpp>
#include <samjoko/os/process.hpp>
#include <samjoko/os/shared_memory.hpp>
#include <samjoko/os/socket.hpp>
#include <string>
#include <thread>

namespace samjoko::scoreboard {
namespace {

/// In a child, since the table is the process's for ever.
template <class Work>
int in_child(Work work) {
  const auto forked = os::fork_process();
  EXPECT_TRUE(forked);
  if (forked->in_child()) os::leave_process(work());
  int status = 0;
  EXPECT_EQ(::waitpid(forked->pid, &status, 0), forked->pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

peer_name loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  peer_name name;
  name.size = sizeof address;
  std::memcpy(name.bytes.data(), &address, sizeof address);
  return name;
}

TEST(thread_slot, without_a_table_every_mark_is_harmless) {
  mark_waiting();
  mark_running();
  mark_client(3);
  mark_new_client(3, {});
  mark_request("GET /");
  mark_peer();
  mark_no_client();
  EXPECT_EQ(this_thread_slot, nullptr);
}

TEST(thread_slot, tells_waiting_from_running_and_one_stretch_of_running_from_the_next) {
  auto cells = os::shared_cells<thread_slot>::make(16).value();
  EXPECT_EQ(in_child([&] {
              use_thread_slots(cells.cells(), 2);
              const thread_slot_guard mine;
              auto& cell = *this_thread_slot;
              if (!runs(cell.step.load())) return 1;
              mark_waiting();
              if (runs(cell.step.load())) return 2;
              mark_waiting();
              if (runs(cell.step.load())) return 3;
              mark_running();
              const auto before = cell.step.load();
              if (!runs(before)) return 4;
              mark_running();
              if (!runs(cell.step.load()) || cell.step.load() == before) return 5;
              const auto again = cell.step.load();
              mark_client(9);
              return runs(cell.step.load()) && cell.step.load() != again && cell.client == 10 ? 0
                                                                                              : 6;
            }),
            0);
}

TEST(thread_slot, what_a_process_was_doing_outlives_it) {
  auto cells = os::shared_cells<thread_slot>::make(16).value();
  const auto forked = os::fork_process();
  ASSERT_TRUE(forked);
  if (forked->in_child()) {
    use_thread_slots(cells.cells(), 3);
    const thread_slot_guard mine;
    mark_new_client(5, loopback(4711));
    mark_request("GET /guilty HTTP/1.1");
    ::raise(SIGKILL);
  }
  ASSERT_EQ(::waitpid(forked->pid, nullptr, 0), forked->pid);
  auto* cell = find_thread_slot(cells.cells(), forked->pid);
  ASSERT_NE(cell, nullptr);
  EXPECT_EQ(text_of(cell->peer), "127.0.0.1:4711");
  EXPECT_EQ(std::string(cell->request.data(), cell->request_size), "GET /guilty HTTP/1.1");
  EXPECT_EQ(cell->worker, 3);
  EXPECT_EQ(cell->clients, 1U);
  release(*cell);
  EXPECT_EQ(find_thread_slot(cells.cells(), forked->pid), nullptr);
}

TEST(thread_slot, another_client_has_not_the_request_of_the_one_before) {
  auto cells = os::shared_cells<thread_slot>::make(16).value();
  EXPECT_EQ(in_child([&] {
              use_thread_slots(cells.cells(), 1);
              const thread_slot_guard mine;
              mark_client(5);
              mark_request("GET /");
              mark_client(5);
              if (this_thread_slot->request_size == 0) return 1;
              mark_client(6);
              return this_thread_slot->request_size == 0 ? 0 : 2;
            }),
            0);
}

TEST(thread_slot, a_long_request_is_cut) {
  auto cells = os::shared_cells<thread_slot>::make(1).value();
  EXPECT_EQ(in_child([&] {
              use_thread_slots(cells.cells(), 1);
              const thread_slot_guard mine;
              mark_request(std::string(4000, 'x'));
              return this_thread_slot->request_size == thread_slot::request_room ? 0 : 1;
            }),
            0);
}

TEST(thread_slot, more_threads_than_cells_serve_without) {
  auto cells = os::shared_cells<thread_slot>::make(1).value();
  EXPECT_EQ(in_child([&] {
              use_thread_slots(cells.cells(), 1);
              const thread_slot_guard mine;
              if (this_thread_slot == nullptr) return 1;
              bool has_none = false;
              std::thread([&] {
                const thread_slot_guard second;
                has_none = this_thread_slot == nullptr;
                mark_running();
              }).join();
              return has_none ? 0 : 2;
            }),
            0);
}

TEST(thread_slot, a_thread_that_ends_gives_its_cell_back_but_not_one_who_was_told_to_end) {
  auto cells = os::shared_cells<thread_slot>::make(16).value();
  EXPECT_EQ(in_child([&] {
              use_thread_slots(cells.cells(), 1);
              {
                const thread_slot_guard mine;
              }
              if (find_thread_slot(cells.cells(), ::getpid()) != nullptr) return 1;
              {
                const thread_slot_guard mine;
                mark_told_by(99);
              }
              const auto* kept = find_thread_slot(cells.cells(), ::getpid());
              return kept != nullptr && kept->signalled_by == 99 ? 0 : 2;
            }),
            0);
}

TEST(thread_slot, exit_notes_who_called_it) {
  auto cells = os::shared_cells<thread_slot>::make(16).value();
  const auto forked = os::fork_process();
  ASSERT_TRUE(forked);
  if (forked->in_child()) {
    use_thread_slots(cells.cells(), 1);
    const thread_slot_guard mine;
    std::exit(7);
  }
  ASSERT_EQ(::waitpid(forked->pid, nullptr, 0), forked->pid);
  const auto* cell = find_thread_slot(cells.cells(), forked->pid);
  ASSERT_NE(cell, nullptr);
  EXPECT_EQ(cell->called_exit, 1);
}

TEST(thread_slot, asks_the_kernel_who_the_client_is) {
  auto cells = os::shared_cells<thread_slot>::make(16).value();
  EXPECT_EQ(in_child([&] {
              const auto listener = os::listen_on(*os::address::parse("127.0.0.1:0")).value();
              const auto where = os::local_address(listener.get()).value();
              const os::descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
              if (::connect(client.get(), where.data(), where.size()) != 0) return 1;
              use_thread_slots(cells.cells(), 1);
              const thread_slot_guard mine;
              mark_new_client(client.get(), {});
              mark_peer();
              return text_of(this_thread_slot->peer) == where.text() ? 0 : 2;
            }),
            0);
}

TEST(text_of_peer, believes_nothing_that_is_too_short_or_too_long) {
  EXPECT_EQ(text_of(peer_name{}), "");
  auto wrong = loopback(1);
  wrong.size = 3;
  EXPECT_EQ(text_of(wrong), "");
  wrong.size = 4000;
  EXPECT_EQ(text_of(wrong), "");
}

}  // namespace
}  // namespace samjoko::scoreboard
