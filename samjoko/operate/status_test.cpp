#include <samjoko/operate/status.hpp>

#include <gtest/gtest.h>

#include <samjoko/operate/json_text.hpp>

namespace samjoko::operate {
namespace {

service_view example() {
  service_view seen{.program = "samjoko",
                    .version = "0.1.0",
                    .pid = 4711,
                    .uptime = 3725,
                    .phase = "running",
                    .deaths = 3,
                    .groups = {}};
  group_view group{.name = "multiplex",
                   .model = "multiplex",
                   .listeners = {"127.0.0.1:7000", "unix:/run/x\"y"},
                   .open = true,
                   .wanted = 3,
                   .workers = {}};
  worker_view stable;
  stable.number = 1;
  stable.pid = 4712;
  stable.state = supervise::slot_state::stable;
  stable.age = 59.94;
  stable.restarts = 2;
  stable.connections = {.open = 5, .accepted = 100, .refused = 1, .accept_pauses = 2};
  worker_view waiting;
  waiting.number = 2;
  waiting.state = supervise::slot_state::backoff;
  waiting.next_try = 1.5;
  waiting.last_end = "exited with code 7";
  worker_view failed;
  failed.number = 3;
  failed.state = supervise::slot_state::failed;
  failed.last_end = "was killed by signal 11 (SIGSEGV, invalid memory reference)";
  group.workers = {stable, waiting, failed};
  seen.groups.push_back(group);
  return seen;
}

TEST(status, for_people_has_a_line_per_worker_and_says_what_is_wrong_and_what_to_do) {
  const auto text = as_text(example());
  for (const auto* part :
       {"samjoko 0.1.0, process 4711, running for 1h02m\n",
        "1 of 3 workers ready; connections: 5 open, 100 accepted, 1 refused\n"
        "3 deaths since the start: 'samjoko deaths' says why\n",
        "multiplex: multiplex on 127.0.0.1:7000, unix:/run/x\"y\n",
        "       1     4712 stable         59.9s        2       5        100        1       2\n",
        "       2        - backoff            -        0       0          0        0       0\n",
        "  worker 2 is started again in 1.5s: the last one exited with code 7\n",
        "  worker 3 has failed: the last one was killed by signal 11 (SIGSEGV, invalid memory",
        "    to do: see 'samjoko deaths' and the log for the cause, remove it, then",
        "then 'samjoko reset-failed'\n"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\nin\n" << text;
  }
}

TEST(status, for_machines_has_keys_that_stay) {
  constexpr std::string_view wanted =
      R"({"program":"samjoko","version":"0.1.0","pid":4711,"uptime_seconds":3725.000,)"
      R"("phase":"running","deaths":3,"storms":[],"groups":[{"name":"multiplex",)"
      R"("model":"multiplex",)"
      R"("listeners":["127.0.0.1:7000","unix:/run/x\"y"],"open":true,"wanted":3,"workers":[)"
      R"({"number":1,"pid":4712,"state":"stable","age_seconds":59.940,"restarts":2,)"
      R"("next_try_seconds":null,"last_end":null,"advice":null,)"
      R"("connections":{"open":5,"accepted":100,"refused":1},"accept_pauses":2},)"
      R"({"number":2,"pid":null,"state":"backoff","age_seconds":null,"restarts":0,)"
      R"("next_try_seconds":1.500,"last_end":"exited with code 7","advice":null,)"
      R"("connections":{"open":0,"accepted":0,"refused":0},"accept_pauses":0},)"
      R"({"number":3,"pid":null,"state":"failed","age_seconds":null,"restarts":0,)"
      R"("next_try_seconds":null,)"
      R"--("last_end":"was killed by signal 11 (SIGSEGV, invalid memory reference)",)--"
      R"("advice":"see 'samjoko deaths' and the log for the cause, remove it, then 'samjoko )"
      R"(reset-failed'","connections":{"open":0,"accepted":0,"refused":0},"accept_pauses":0}]}],)"
      R"("totals":{"wanted":3,"ready":1,)"
      R"("connections":{"open":5,"accepted":100,"refused":1},"accept_pauses":2}})"
      "\n";
  EXPECT_EQ(as_json(example()), wanted);
}

TEST(status, names_a_storm) {
  auto seen = example();
  seen.storms.push_back({"worker was killed by signal 11", 97, {"GET /\"boom", 90}});
  const auto text = as_text(seen);
  EXPECT_NE(
      text.find("a storm of deaths: 97 within 10 s: worker was killed by signal 11; 90 served"),
      std::string::npos);
  EXPECT_NE(as_json(seen).find(R"("storms":[{"deaths":97,"kind":"worker was killed by signal 11",)"
                               R"("request":"GET /\"boom","of_the_request":90}],)"),
            std::string::npos);
}

TEST(status, a_group_without_workers_is_said_to_be_closed) {
  auto seen = example();
  seen.groups.front().open = false;
  EXPECT_NE(as_text(seen).find("(closed: no worker is left)"), std::string::npos);
}

TEST(json_string, is_whole_however_long_and_cuts_no_character) {
  for (std::size_t length = 0; length < 3000; length += 7) {
    std::string birds(length % 4, 'a');
    while (birds.size() < length) birds += "🐦";
    EXPECT_EQ(json_string(birds), "\"" + birds + "\"");
    const std::string bad(length, '\xbf');
    EXPECT_EQ(json_string(bad).size(), 2 + 3 * length);
  }
  EXPECT_EQ(json_string("\n\"\\"), R"("\u000a\"\\")");
}

}  // namespace
}  // namespace samjoko::operate
