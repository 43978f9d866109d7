#include <samjoko/operate/deaths.hpp>

#include <gtest/gtest.h>

#include <csignal>

#include <nlohmann/json.hpp>

namespace samjoko::operate {
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
  made.cause = postmortem::death_cause::crash;
  made.sure = postmortem::certainty::proved;
  made.has_fault_address = true;
  made.fault_address = 0x10;
  made.was_running = true;
  made.thread = 4720;
  made.peer.assign("127.0.0.1:5000");
  made.service.assign("hello");
  made.request.assign("GET / HTTP/1.1");
  made.merely_open = 3;
  made.stack.assign(
      "abort+0x12b (/usr/lib/x86_64-linux-gnu/libc.so.6+0x2600b)\n"
      "guilty()+0x1f at shop.cpp:12 (/usr/bin/server+0x41f)\n"
      "void std::__invoke_impl<void, void (*)()>(void (*&&)())+0x2 (/usr/bin/server+0x22)\n"
      "shop::sell<int>(std::__cxx11::basic_string<char, std::char_traits<char>, "
      "std::allocator<char> >)+0x2\n"
      "samjoko::serve::session::go()+0x77 (/usr/bin/server+0x77)");
  return made;
}

TEST(deaths, one_line_says_who_how_when_why_and_what_it_served) {
  EXPECT_EQ(
      as_sentence(crashed()),
      "worker 2 of thread-pool (4712) was killed by signal 11 (SIGSEGV, invalid memory "
      "reference), 3.214 s after its start, 12 clients served: crash (proved): invalid memory "
      "reference at address 0x10; was serving \"GET / HTTP/1.1\" of hello to 127.0.0.1:5000; "
      "3 other connections were merely open; in guilty() at shop.cpp:12 < "
      "shop::sell<…>(std::string)");
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
  EXPECT_EQ(read["stack"].size(), 5U);
}

TEST(deaths, the_table_has_a_line_each_and_says_which_command_tells_more) {
  auto later = crashed();
  later.sequence = 6;
  later.role = postmortem::death_role::client_process;
  later.exited = true;
  later.code = 7;
  later.cause = postmortem::death_cause::own_exit;
  later.stack.clear();
  later.request.assign("GET /\x1b[31m");
  const auto table = as_table({crashed(), later}, "crow");
  const auto first = table.find("\n     5  11-14 22:13:20  worker 2");
  ASSERT_NE(first, std::string::npos) << table;
  const auto second = table.find("\n     6  11-14 22:13:20  client of 2");
  EXPECT_GT(second, first) << table;
  EXPECT_NE(table.find("guilty at shop.cpp:12"), std::string::npos) << table;
  EXPECT_NE(table.find("exit 7"), std::string::npos);
  EXPECT_EQ(table.find('\x1b'), std::string::npos) << "a client does not command a terminal";
  EXPECT_NE(table.find("'crow deaths 6' tells all of one"), std::string::npos);
  EXPECT_EQ(as_table({}, "crow"), "no process has died\n");
}

TEST(deaths, one_is_told_with_its_stack_a_line_a_call) {
  const auto text = as_text(crashed());
  for (const auto* line :
       {"death 5, 2023-11-14 22:13:20 UTC: worker 2 of thread-pool (4712) was killed by signal 11",
        "  cause       crash (proved): invalid memory reference at address 0x10\n",
        "  serving     \"GET / HTTP/1.1\" of hello to 127.0.0.1:5000\n",
        "\n     1  abort (/usr/lib/x86_64-linux-gnu/libc.so.6+0x2600b)\n",
        "\n  *  2  guilty() at shop.cpp:12\n", "\n  *  4  shop::sell<…>(std::string)\n"})
    EXPECT_NE(text.find(line), std::string::npos) << line << "\nin\n" << text;
}

TEST(deaths, a_number_that_is_not_kept_is_none) {
  EXPECT_TRUE(told_deaths({crashed()}, false, 5, "crow"));
  EXPECT_TRUE(nlohmann::json::accept(told_deaths({crashed()}, true, 5, "crow").value()));
  EXPECT_TRUE(nlohmann::json::accept(told_deaths({crashed()}, true, 0, "crow").value()));
  EXPECT_FALSE(told_deaths({crashed()}, false, 4, "crow"));
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
  dead.cause = postmortem::death_cause::signal;
  dead.sure = postmortem::certainty::likely;
  EXPECT_NE(as_sentence(dead).find("not from us, no out-of-memory kill counted"),
            std::string::npos);
}

TEST(deaths, the_ring_is_read_from_the_oldest_on) {
  auto ring = postmortem::death_ring::make(8).value();
  for (pid_t pid = 1; pid < 4; ++pid) {
    death_record dead;
    dead.pid = pid;
    ring.append(dead, postmortem::death_ring::telling::done);
  }
  std::vector<pid_t> seen;
  for_each_death(ring, [&](const death_record& each) { seen.push_back(each.pid); });
  EXPECT_EQ(seen, (std::vector<pid_t>{1, 2, 3}));
}

}  // namespace
}  // namespace samjoko::operate
