#include <samjoko/cli/configuration.hpp>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include <samjoko/cli/catalog.hpp>

namespace samjoko::cli {
namespace {

constexpr std::string_view good = R"(# a comment
stop-timeout = "20s"
idle-timeout = 90
[[service]]
name = "site"
run = "files"
arguments = ["/srv/www"]
listen = [":8080", "unix:/run/site.sock"]
model = "multiplex"
workers = 2
list = true
[[service]]
run = "echo"
listen = "127.0.0.1:7000"
model = "process"
pool-idle = 1.5
unix-mode = 0o660
)";

std::vector<std::string> texts_of(const std::vector<setting>& said, std::string_view name) {
  std::vector<std::string> texts;
  for (const auto& each : said) {
    if (each.what->name == name) texts.push_back(each.text);
  }
  return texts;
}

using texts = std::vector<std::string>;

TEST(configuration, is_taken_apart_into_what_was_said) {
  const auto made = parse_configuration(good, "f.toml");
  ASSERT_TRUE(made.problems.empty()) << made.problems.front().text;
  EXPECT_EQ(texts_of(made.top, "stop-timeout"), texts{"20s"});
  EXPECT_EQ(texts_of(made.top, "idle-timeout"), texts{"90"});
  ASSERT_EQ(made.services.size(), 2U);
  const auto& site = made.services[0];
  EXPECT_EQ(site.name, "site");
  EXPECT_EQ(site.run, "files");
  EXPECT_EQ(site.arguments, texts{"/srv/www"});
  EXPECT_EQ(texts_of(site.said, "listen"), (texts{":8080", "unix:/run/site.sock"}));
  EXPECT_EQ(texts_of(site.said, "list"), texts{"true"});
  EXPECT_EQ(site.where.line, 4U);
  EXPECT_EQ(site.run_where.line, 6U);
  const auto& echo = made.services[1];
  EXPECT_EQ(texts_of(echo.said, "listen"), texts{"127.0.0.1:7000"});
  EXPECT_EQ(texts_of(echo.said, "pool-idle"), texts{"1.5"});
  EXPECT_EQ(texts_of(echo.said, "unix-mode"), texts{"660"}) << "octal, however it is written";
}

TEST(configuration, a_mark_at_the_start_and_foreign_line_ends_are_fine) {
  EXPECT_TRUE(parse_configuration("\xef\xbb\xbfworkers = 2\r\n", "f.toml").problems.empty());
  EXPECT_TRUE(parse_configuration("", "f.toml").problems.empty());
}

/// Every problem, one on a line.
std::string problems_of(std::string_view text) {
  std::string all;
  for (const auto& each : parse_configuration(text, "f.toml").problems) all += each.text + "\n";
  return all;
}

TEST(configuration, mistakes_are_named_with_their_place_and_what_to_write) {
  const std::pair<const char*, const char*> wrong[] = {
      {"idle-timout = 1", "f.toml:1:1: there is no key 'idle-timout'; did you mean idle-timeout?"},
      {"\nmax_connections_per_peer = 1",
       "f.toml:2:1: there is no key 'max_connections_per_peer'; "
       "did you mean max-connections-per-peer?"},
      {"park-after = 1", "there is no key 'park-after'; did you mean fail-after?"},
      {"xyzzy = 1", "f.toml:1:1: there is no key 'xyzzy'\n"},
      {"servcie = 1", "did you mean service?"},
      {"workers = true", "f.toml:1:11: workers: true or false will not do: write workers = N"},
      {"idle-timeout = []",
       "f.toml:1:16: idle-timeout: a list will not do: write idle-timeout = "
       "\"60s\""},
      {"list = \"yes\"", "f.toml:1:8: list: a string will not do: write list = true"},
      {"list = 1", "list: a number will not do"},
      {"log = 5", "f.toml:1:7: log: a number will not do: write log = \"FILE\""},
      {"idle-timeout = 2020-01-01", "a date or time will not do"},
      {"listen = 8080", "listen: a number will not do: write listen = \"127.0.0.1:7000\""},
      {"listen = []", "f.toml:1:1: listen: the list is empty: leave it out"},
      {"listen = [\":1\", 2]", "f.toml:1:17: listen: a number will not do"},
      {"[log]\nlevel = 1", "f.toml:1:1: log: a table will not do: write log = \"FILE\""},
      {"config = \"other\"", "f.toml:1:1: config: a file cannot name another one"},
      {"run = \"echo\"", "f.toml:1:1: run belongs into a [[service]]"},
      {"[service]\nrun = \"echo\"", "f.toml:1:1: service: write [[service]] in double brackets"},
      {"service = [1]", "f.toml:1:12: service: a number will not do: write [[service]]"},
      {"[[service]]\nlist = true", "f.toml:1:1: this [[service]] does not say what it runs"},
      {"[[service]]\nrun = 1", "f.toml:2:7: run: a number will not do"},
      {"[[service]]\nrun = \"\"", "f.toml:2:7: run: an empty string will not do"},
      {"[[service]]\nrun = \"echo\"\narguments = \"x\"", "f.toml:3:13: arguments: a string will"},
      {"[[service]]\nrun = \"echo\"\narguments = [1]", "f.toml:3:14: arguments: a number will"},
      {"[[service]]\nrun = \"echo\"\nname = \"a b\"", "f.toml:3:8: name: at most 64 letters"},
      {"[[service]]\nrun = \"echo\"\nlog = \"x\"",
       "f.toml:3:1: log holds for the whole program: write it above the first [[service]]"},
      {"[[service]]\nrun = \"echo\"\nmodle = \"x\"",
       "f.toml:3:1: there is no key 'modle'; did you "
       "mean model?"},
      {"[[service]]\nrun = \"echo\"\nlog-levle = \"x\"", "f.toml:3:1: there is no key"},
      {"workers = 1\nworkers = 2", "f.toml:2:"},
      {"workers = ", "f.toml:1:"},
      {"[[service]\nrun = 1", "f.toml:1:"},
      {"workers = 2 # \x01", "f.toml:1:"},
      {"log = \"\xff\xfe\"", "f.toml:1:"},
      {"log = \"\xc3\"", "f.toml:1:"},
      {"user = 0777", "f.toml:1:"},
      {"a.b.c.d.e.f.g.h.i.j = 1", "f.toml:1:1: there are more dots in this line than any key has"},
  };
  for (const auto& [text, words] : wrong) {
    EXPECT_NE(problems_of(text).find(words), std::string::npos)
        << text << " gives " << problems_of(text);
  }
}

TEST(configuration, tells_all_mistakes_in_the_order_of_the_file) {
  const auto all = problems_of("workers = true\nmodle = 1\nlog = 1\nabc = 1\n");
  for (const auto* each : {"f.toml:1:", "f.toml:2:", "f.toml:3:", "f.toml:4:"})
    EXPECT_NE(all.find(each), std::string::npos) << all;
  EXPECT_LT(all.find(":1:"), all.find(":2:"));
  EXPECT_LT(all.find(":3:"), all.find(":4:"));
}

TEST(configuration, dots_count_only_where_they_make_a_key) {
  EXPECT_EQ(find_trap("a = '. . . . . . . . . . . .'\n").line, 0U);
  EXPECT_EQ(find_trap("# . . . . . . . . . . . .\n").line, 0U);
  EXPECT_EQ(find_trap("a = \"\\\"..........\"\nb = \"\"\"\n.........\n\"\"\"\"\n").line, 0U);
  EXPECT_EQ(find_trap("a = 1\n\nb . . . . . . . . . = 1").line, 3U);
  EXPECT_EQ(find_trap("x = {a = \"\"\"x\"\"\"\", b.........c = 1}").line, 1U);
  EXPECT_EQ(find_trap("a = 'x\nb......... = 1").line, 2U) << "a quote ends with its line";
}

// An assertion of the parser in a debug build, undefined behaviour in another. The random files
// below found it.
TEST(configuration, brackets_without_a_key_are_an_error_and_no_crash) {
  for (const auto* text : {"[[[", "[=]", "[.a]", "[#", "[\n]", "[", "[ ", "[[ \n",
                           "\xef\xbb\xbf[[[a]]]", "a = 1\n  [[\t[", "[[]]", "[\xc3\xa9]"})
    EXPECT_NE(problems_of(text).find("brackets without a key"), std::string::npos) << text;
  EXPECT_EQ(find_trap("a = [\n  ':1',\n  ':2' ]\n[[service]]\n[ 'a' ]\n[\"b\"]").line, 0U);
  EXPECT_EQ(find_trap("a = \"\"\"\n[[[\n\"\"\"\n# [[[\n").line, 0U) << "in a string, in a comment";
}

/// The parser's own recursion has limits, and no text here exceeds them.
TEST(configuration, depth_is_an_error_and_no_crash) {
  const std::string deep(100'000, '[');
  for (const auto& text :
       {"a = " + deep, "a = " + deep + std::string(100'000, ']'), deep, "a = " + [] {
          std::string braces;
          for (int n = 0; n < 20'000; ++n) braces += "{a=";
          return braces;
        }()}) {
    EXPECT_FALSE(problems_of(text).empty());
  }
  std::string headers;
  for (int n = 0; n < 20'000; ++n) headers += "[a.b.c.d.e.f.g.h.t" + std::to_string(n) + "]\n";
  EXPECT_FALSE(problems_of(headers).empty()) << "unknown, but read";
}

/// A file of any bytes gives problems or none, and never an exception or a crash.
TEST(configuration, survives_what_no_editor_wrote) {
  std::mt19937 random(20260101);
  const auto pick = [&random](std::size_t below) {
    return std::uniform_int_distribution<std::size_t>(0, below - 1)(random);
  };
  constexpr std::string_view spice = "[]{}\"'#=.,\n\\\0\xff\xc3\xe2-_0x1eT:+";
  for (int round = 0; round < 3000; ++round) {
    std::string text(good);
    for (auto changes = 1 + pick(6); changes > 0; --changes) {
      const auto at = pick(text.size());
      switch (pick(4)) {
        case 0: text[at] = spice[pick(spice.size())]; break;
        case 1: text.erase(at, 1 + pick(20)); break;
        case 2: text.insert(at, 1, spice[pick(spice.size())]); break;
        default: text.insert(at, std::string(text.substr(pick(text.size()), 1 + pick(40))));
      }
      if (text.empty()) text = "=";
    }
    auto made = parse_configuration(text, "f.toml");
    for (const auto& each : made.problems) {
      EXPECT_TRUE(each.text.starts_with("f.toml:")) << each.text;
      EXPECT_EQ(each.text.find('\n'), std::string::npos) << each.text;
    }
    // resolve() must survive what is left, too.
    const everything_said all{.services = std::move(made.services),
                              .file = std::move(made.top),
                              .environment = {},
                              .flags = {}};
    (void)resolve(all, catalog());
  }
}

class files : public testing::Test {
 protected:
  files() {
    std::string name = testing::TempDir() + "samjoko-config-XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~files() override { std::filesystem::remove_all(folder_); }
  std::string write(const char* name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }
  static std::string problem_with(const std::string& path) {
    const auto made = read_configuration(path);
    EXPECT_EQ(made.problems.size(), 1U);
    return made.problems.empty() ? "" : made.problems.front().text;
  }
  std::filesystem::path folder_;
};

TEST_F(files, that_cannot_be_read_are_named) {
  const auto missing = folder_ / "none.toml";
  EXPECT_EQ(problem_with(missing),
            missing.string() + ": cannot be read: No such file or directory");
  EXPECT_NE(problem_with(folder_).find("cannot be read: Is a directory"), std::string::npos);
  ASSERT_EQ(::mkfifo((folder_ / "fifo").c_str(), 0600), 0);
  EXPECT_NE(problem_with(folder_ / "fifo").find("is not a regular file"), std::string::npos);
  EXPECT_NE(problem_with("/dev/null").find("is not a regular file"), std::string::npos);
  EXPECT_NE(problem_with(write("utf16", std::string("\xff\xfe"
                                                    "a\0",
                                                    4)))
                .find("UTF-16"),
            std::string::npos);
}

TEST_F(files, have_a_largest_size) {
  const auto comment = [](std::size_t size) { return std::string(size, '#'); };
  EXPECT_TRUE(read_configuration(write("most", comment(most_configuration_size))).problems.empty());
  EXPECT_NE(problem_with(write("more", comment(most_configuration_size + 1))).find("1 MiB"),
            std::string::npos);
}

TEST_F(files, of_no_size_are_empty) {
  const auto made = read_configuration(write("empty", ""));
  EXPECT_TRUE(made.problems.empty() && made.top.empty() && made.services.empty());
}

}  // namespace
}  // namespace samjoko::cli
