#include <samjoko/supervise/deaths.hpp>

#include <gtest/gtest.h>

#include <csignal>

#include <nlohmann/json.hpp>

namespace samjoko::supervise {
namespace {

death_record crashed() {
  death_record made;
  made.sequence = 5;
  made.when_ms = 1'700'000'000'123;
  made.pid = 4712;
  made.worker = 2;
  made.title.assign("worker 2 of thread-pool");
  made.model.assign("thread-pool");
  made.age_ms = 3214;
  made.clients = 12;
  made.signal = SIGSEGV;
  made.cause = os::death_cause::crash;
  made.sure = os::certainty::proved;
  made.has_fault_address = true;
  made.fault_address = 0x10;
  made.was_running = true;
  made.thread = 4720;
  made.peer.assign("127.0.0.1:5000");
  made.service.assign("hello");
  made.request.assign("GET / HTTP/1.1");
  made.merely_open = 3;
  made.stack.assign("guilty()+0x1f (server)\nmain+0x2 (server)");
  return made;
}

TEST(deaths, one_line_says_who_how_when_why_and_what_it_served) {
  EXPECT_EQ(
      as_sentence(crashed()),
      "worker 2 of thread-pool (4712) was killed by signal 11 (SIGSEGV, invalid memory "
      "reference), 3.214 s after its start, 12 clients served: crash (proved): invalid memory "
      "reference at address 0x10; was serving \"GET / HTTP/1.1\" of hello to 127.0.0.1:5000; "
      "3 other connections were merely open; stack: guilty()+0x1f (server) < main+0x2 "
      "(server)");
}

TEST(deaths, as_json_the_same_as_fields) {
  const auto text = as_json(crashed());
  EXPECT_EQ(text.find('\n'), std::string::npos);
  const auto read = nlohmann::json::parse(text);
  EXPECT_EQ(read["pid"], 4712);
  EXPECT_EQ(read["time"], "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(read["status"]["signal_name"], "SIGSEGV");
  EXPECT_EQ(read["cause"]["kind"], "crash");
  EXPECT_EQ(read["cause"]["certainty"], "proved");
  EXPECT_EQ(read["cause"]["fault_address"], "0x10");
  EXPECT_EQ(read["serving"]["peer"], "127.0.0.1:5000");
  EXPECT_EQ(read["stack"].size(), 2U);
}

// A client chooses its request line.
TEST(deaths, what_a_client_sent_cannot_break_the_json) {
  auto dead = crashed();
  dead.request.assign("GET /\"\\\xff\x01\n{");
  EXPECT_TRUE(nlohmann::json::accept(as_json(dead)));
}

TEST(deaths, of_a_kill_it_says_what_is_not_known) {
  death_record dead;
  dead.pid = 1;
  dead.title.assign("worker 1");
  dead.signal = SIGKILL;
  dead.cause = os::death_cause::signal;
  dead.sure = os::certainty::likely;
  EXPECT_NE(as_sentence(dead).find("not from us, no out-of-memory kill counted"),
            std::string::npos);
}

TEST(deaths, the_board_is_read_from_the_oldest_on) {
  auto board = os::death_board::make(8).value();
  for (pid_t pid = 1; pid < 4; ++pid) {
    death_record dead;
    dead.pid = pid;
    board.append(dead, os::death_board::telling::done);
  }
  std::vector<pid_t> seen;
  for_each_death(board, [&](const death_record& each) { seen.push_back(each.pid); });
  EXPECT_EQ(seen, (std::vector<pid_t>{1, 2, 3}));
}

}  // namespace
}  // namespace samjoko::supervise
