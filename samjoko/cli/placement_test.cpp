#include <samjoko/cli/placement.hpp>

#include <gtest/gtest.h>

#include <samjoko/cli/units.hpp>
#include <samjoko/os/processors.hpp>

namespace samjoko::cli {
namespace {

listener_options listener(std::string_view text) {
  auto parsed = parse_listener(text);
  EXPECT_TRUE(parsed) << in_words(parsed.error());
  return parsed ? *parsed : listener_options{};
}

std::vector<listener_options> listeners(std::initializer_list<std::string_view> texts) {
  std::vector<listener_options> made;
  for (const auto text : texts) made.push_back(listener(text));
  return made;
}

std::string why_not(std::string_view text) {
  const auto parsed = parse_listener(text);
  EXPECT_FALSE(parsed) << text;
  return parsed ? "" : in_words(parsed.error());
}

TEST(parse_listener, an_address_alone_chooses_nothing) {
  for (const auto* text : {"127.0.0.1:7000", "[::1]:7000", ":7000", "unix:/run/x.sock", "fd:3"}) {
    const auto made = listener(text);
    EXPECT_EQ(made.where.text(), text);
    EXPECT_FALSE(made.how.model || made.how.spawn || made.how.workers) << text;
  }
}

TEST(parse_listener, takes_the_three_in_any_order_and_number) {
  const auto all = listener("unix:/run/x.sock,workers=3,model=thread,spawn=each");
  EXPECT_EQ(all.where.path(), "/run/x.sock");
  EXPECT_EQ(all.how.model, model::thread);
  EXPECT_EQ(all.how.spawn, spawn::each);
  EXPECT_EQ(all.how.workers, 3U);
  const auto one = listener("[::1]:7000,model=process");
  EXPECT_EQ(one.how.model, model::process);
  EXPECT_FALSE(one.how.spawn || one.how.workers);
}

TEST(parse_listener, says_what_is_wrong_and_what_to_write) {
  const std::pair<const char*, const char*> wrong[] = {
      {":1,model=fibre", "there is no model 'fibre' (write process, thread or multiplex)"},
      {":1,model=", "there is no model ''"},
      {":1,spawn=some", "there is no spawn 'some' (write each or pool)"},
      {":1,workers=0", "'0' is not a whole number from 1 to 256"},
      {":1,workers=257", "'257' is not a whole number from 1 to 256"},
      {":1,workers=2x", "'2x' is not a whole number"},
      {":1,modle=thread", "'modle=thread' is none of model=, spawn= and workers="},
      {":1,model", "'model' is none of"},
      {":1,models=thread", "'models=thread' is none of"},
      {":1,", "'' is none of"},
      {":1,,model=thread", "'' is none of"},
      {":1,model=thread,", "'' is none of"},
      {":1,model=thread,model=thread", "model is given twice"},
      {":1,workers=1,spawn=each,workers=2", "workers is given twice"},
      {"unix:/run/a,b",
       "'b' is none of model=, spawn= and workers= (the address ends at the first"},
      {",model=thread", "'' has no port"},
      {"", "'' has no port"},
  };
  for (const auto& [text, words] : wrong) {
    EXPECT_NE(why_not(text).find(words), std::string::npos) << text << " gives " << why_not(text);
  }
}

TEST(settle, takes_the_nearest_that_was_said) {
  const placement_choice wide{.model = model::process, .spawn = spawn::each, .workers = 3};
  EXPECT_EQ(settle({}, wide), (placement{model::process, spawn::each, 3}));
  EXPECT_EQ(settle({.model = model::thread}, wide), (placement{model::thread, spawn::each, 3}));
  EXPECT_EQ(settle({.spawn = spawn::pool, .workers = 1}, wide),
            (placement{model::process, spawn::pool, 1}));
}

TEST(settle, has_defaults) {
  EXPECT_EQ(settle({}), (placement{model::multiplex, spawn::pool, os::usable_processors()}));
  EXPECT_EQ(settle({.model = model::thread}), (placement{model::thread, spawn::pool, 1}));
  EXPECT_EQ(settle({.model = model::process}), (placement{model::process, spawn::pool, 1}));
}

TEST(settle, multiplex_has_no_spawn_so_that_what_is_the_same_is_equal) {
  EXPECT_EQ(settle({.model = model::multiplex}, {.spawn = spawn::each, .workers = 2}),
            settle({.workers = 2}));
}

std::vector<std::string> names_of(const worker_groups& groups) {
  std::vector<std::string> names;
  for (const auto& each : groups.all) names.push_back(each.name);
  return names;
}

TEST(group, equal_choices_share_one) {
  const auto groups =
      group(listeners({":1,model=thread", ":2", ":3,model=thread,spawn=pool,workers=1",
                       ":4,model=process,spawn=each", ":5,model=multiplex"}),
            {});
  EXPECT_EQ(names_of(groups),
            (std::vector<std::string>{"thread-pool", "multiplex", "process-each"}));
  EXPECT_EQ(groups.of_listener, (std::vector<std::size_t>{0, 1, 0, 2, 1}));
}

TEST(group, names_differ_by_the_number_of_workers_where_they_must) {
  const auto groups = group(listeners({":1,workers=1", ":2,workers=2", ":3,model=process"}), {});
  EXPECT_EQ(names_of(groups),
            (std::vector<std::string>{"multiplex x1", "multiplex x2", "process-pool"}));
}

TEST(group, services_share_none) {
  const auto site = listeners({":1", ":2,model=thread"});
  const auto echo = listeners({":3", ":4"});
  const placed_service services[] = {{.name = "site", .listeners = site, .wide = {}},
                                     {.name = "echo", .listeners = echo, .wide = {}}};
  const auto groups = group(services);
  EXPECT_EQ(names_of(groups),
            (std::vector<std::string>{"site/multiplex", "site/thread-pool", "echo"}));
  EXPECT_EQ(groups.of_listener, (std::vector<std::size_t>{0, 1, 2, 2}));
  EXPECT_EQ(groups.all[1].service, 0U);
  EXPECT_EQ(groups.all[2].service, 1U);
}

std::string why_not(std::initializer_list<std::string_view> texts, const placement_choice& wide) {
  const auto checked = check_listeners(listeners(texts), wide);
  return checked ? "" : in_words(checked.error());
}

TEST(check_listeners, what_somebody_heeds_is_fine) {
  EXPECT_EQ(why_not({":1"}, {}), "");
  EXPECT_EQ(why_not({":1", ":2,model=thread"}, {.model = model::process}), "");
  EXPECT_EQ(why_not({":1", ":2,model=thread"}, {.model = {}, .spawn = spawn::each}), "");
  EXPECT_EQ(why_not({":1,model=thread,workers=128", ":2,workers=128"}, {}), "");
}

TEST(check_listeners, what_nobody_would_heed_is_an_error) {
  EXPECT_EQ(why_not({":1,model=thread", ":2,model=thread"}, {.model = model::process}),
            "--model would be ignored here: each --listen says its own; leave it out");
  EXPECT_NE(why_not({":1,workers=1"}, {.workers = 2}).find("--workers would be"),
            std::string::npos);
  EXPECT_NE(why_not({":1,model=thread,spawn=each"}, {.spawn = spawn::pool}).find("--spawn would"),
            std::string::npos);
  EXPECT_NE(why_not({":1"}, {.spawn = spawn::each}).find("--spawn has no meaning"),
            std::string::npos);
  EXPECT_NE(why_not({":1", ":2,model=thread,spawn=each"}, {.spawn = spawn::each}).find("--spawn"),
            std::string::npos);
}

TEST(check_listeners, refuses_what_cannot_be) {
  EXPECT_EQ(why_not({":1,spawn=each"}, {}),
            "--listen :1: spawn=each has no meaning for model multiplex: leave it out");
  EXPECT_EQ(why_not({":1,model=thread,workers=200", ":2,workers=57"}, {}),
            "257 workers in 2 groups are more than 256 in all: ask for fewer");
  EXPECT_NE(why_not({"fd:2"}, {}).find("fd:2 is a standard stream"), std::string::npos);
  EXPECT_NE(why_not({"fd:5", ":1", "fd:5,model=thread"}, {}).find("fd:5 is given twice"),
            std::string::npos);
}

}  // namespace
}  // namespace samjoko::cli
