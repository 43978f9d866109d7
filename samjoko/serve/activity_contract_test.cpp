// What a thread that serves says about itself, in every model, while it runs and while it waits;
// and what is left of that when a process of one client is killed.

#include <csignal>
#include <samjoko/scoreboard/thread_slot.hpp>
#include <samjoko/serve/testing/model_contract.hpp>

namespace samjoko::serve {
namespace {

os::shared_cells<scoreboard::thread_slot> make_cells() {
  return os::shared_cells<scoreboard::thread_slot>::make(256).value();
}

running_options noted_in(const os::shared_cells<scoreboard::thread_slot>& cells) {
  return {.prepare = [all = cells.cells()] { scoreboard::use_thread_slots(all, 1); }};
}

/// Answers "running for me" when the thread's own notes say so.
task<> look_at_oneself(connection& client) {
  while (auto line = co_await client.read_line()) {
    const auto* notes = scoreboard::this_thread_slot;
    const bool right = notes != nullptr && scoreboard::runs(notes->step.load()) &&
                       notes->client.load() == client.socket() + 1;
    const auto answer = std::string(right ? "running for me\n" : "wrong\n");
    const auto written = co_await client.write(answer);
    if (!written) co_return;
  }
}
service looking() {
  return {.name = "look", .handler = look_at_oneself, .stops_between_reads = true};
}

std::size_t running_in(const os::shared_cells<scoreboard::thread_slot>& cells) {
  return static_cast<std::size_t>(std::ranges::count_if(cells.cells(), [](const auto& each) {
    return each.owner.load() != 0 && scoreboard::runs(each.step.load());
  }));
}

TEST_P(model_contract, a_handler_that_runs_is_noted_with_its_client) {
  const auto cells = make_cells();
  running_model server(GetParam(), looking(), noted_in(cells));
  auto first = server.connect();
  auto second = server.connect();
  for (int turn = 0; turn < 3; ++turn) {
    for (auto* client : {&first, &second}) {
      EXPECT_TRUE(client->send("?\n"));
      EXPECT_EQ(client->receive(15), "running for me\n");
    }
  }
  first.close();
  second.close();
  server.stop_and_expect_end();
}

TEST_P(model_contract, clients_that_are_silent_leave_nobody_running) {
  const auto cells = make_cells();
  running_model server(GetParam(), looking(), noted_in(cells));
  auto client = server.connect();
  EXPECT_TRUE(client.send("?\n"));
  EXPECT_EQ(client.receive(15), "running for me\n");
  EXPECT_TRUE(eventually([&] { return running_in(cells) == 0; }));
  client.close();
  server.stop_and_expect_end();
}

std::size_t held(const os::shared_cells<scoreboard::thread_slot>& cells) {
  return static_cast<std::size_t>(std::ranges::count_if(
      cells.cells(), [](const auto& each) { return each.owner.load() != 0; }));
}

TEST_P(model_contract, who_has_ended_holds_no_cell) {
  const auto cells = make_cells();
  {
    auto options = noted_in(cells);
    options.limits.pool_idle = milliseconds(100);  // a pool may have grown meanwhile
    running_model server(GetParam(), looking(), options);
    for (int n = 0; n < 10; ++n) {
      auto client = server.connect();
      EXPECT_TRUE(client.send("?\n"));
      EXPECT_EQ(client.receive(15), "running for me\n");
      client.close();
    }
    // The worker may end while its last threads still leave: then the death recorder clears up.
    if (GetParam().where == model::thread) {
      const std::size_t members = GetParam().how == spawn::each ? 0 : serve_limits().pool_min;
      EXPECT_TRUE(eventually([&] { return held(cells) <= members; }));
    }
    server.stop_and_expect_end();
  }
  if (GetParam().where != model::thread) {
    EXPECT_EQ(held(cells), 0U);
  }
}

}  // namespace
}  // namespace samjoko::serve
