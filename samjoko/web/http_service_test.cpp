#include <samjoko/web/http_service.hpp>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <samjoko/web/testing/served_client.hpp>

#include <filesystem>

namespace samjoko::web {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr loop_kind kinds[] = {loop_kind::blocking, loop_kind::epoll};
constexpr std::size_t pieces[] = {0, 1, 2, 3, 7, 16};

/// Answers with the target it was asked for; "/N" with N bytes.
void echo_target(const proto::request& asked, response& answer) {
  answer.content_type("text/plain");
  answer.body(std::string(asked.target()));
}

service echo_service(http_options options = {}) {
  return http_service("echo target", options, echo_target);
}

std::string ok(std::string_view body, std::string_view connection = "") {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n" + std::string(connection) + "\r\n" +
         std::string(body);
}

/// The answer must be the same on both loops at every read size; dates are left out.
std::string answer_to(const service& offered, std::string_view input) {
  const auto first = without_dates(answers_to(offered, input));
  for (const auto kind : kinds) {
    for (const auto piece : pieces) {
      const auto again = without_dates(answers_to(offered, input, piece, kind));
      EXPECT_TRUE(again == first) << testing::PrintToString(input) << " in pieces of " << piece
                                  << ": " << again.substr(0, 400) << ", " << again.size()
                                  << " bytes and not " << first.size();
    }
  }
  return first;
}

TEST(http_service, keeps_and_closes_as_the_client_wants) {
  const auto echo = echo_service();
  constexpr std::string_view close = "Connection: close\r\n";
  EXPECT_EQ(answer_to(echo, "GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n"),
            ok("/a") + ok("/b"));
  EXPECT_EQ(answer_to(echo,
                      "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
                      "GET /b HTTP/1.0\r\n\r\n"),
            ok("/a", "Connection: keep-alive\r\n") + ok("/b", close));
  const auto closed = answers_to(echo,
                                 "GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
                                 "GET /b HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(without_dates(closed), ok("/a", close)) << "nothing is answered behind the last";
}

TEST(http_service, head_has_the_same_head_and_no_body) {
  EXPECT_EQ(answer_to(echo_service(), "HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n"),
            ok("/a").substr(0, ok("/a").size() - 2));
}

TEST(http_service, other_methods_are_refused_and_their_bodies_read_away) {
  const auto echo = echo_service();
  constexpr std::string_view next = "GET /next HTTP/1.1\r\nHost: h\r\n\r\n";
  const std::string refused =
      "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\nContent-Type: text/plain\r\n"
      "Content-Length: 23\r\n\r\n405 Method Not Allowed\n";
  for (const std::string method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"}) {
    const auto start = method + " / HTTP/1.1\r\nHost: h\r\n";
    for (const std::string body : {"\r\n", "Content-Length: 5\r\n\r\nabcde",
                                   "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"}) {
      EXPECT_EQ(answer_to(echo, start + body + std::string(next)), refused.substr(0) + ok("/next"))
          << start << body;
    }
  }
  const auto connect = answer_to(echo, "CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(connect, refused);
  EXPECT_EQ(answer_to(echo, "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"),
            "HTTP/1.1 204 No Content\r\nAllow: GET, HEAD\r\n\r\n");
}

// The method decides, and not the body. A 405 whose Allow names the method that was used would
// contradict itself (RFC 9110 section 15.5.6), and content cannot change what a GET means (section
// 9.3.1). nginx answers it too.
TEST(http_service, the_body_of_a_get_is_read_away_and_it_is_answered) {
  const auto echo = echo_service();
  const std::string next = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
  const auto whole = ok("/a");
  const auto head_only = whole.substr(0, whole.size() - 2);
  for (const auto& [method, answer] : {std::pair("GET", whole), std::pair("HEAD", head_only)}) {
    const auto head = std::string(method) + " /a HTTP/1.1\r\nHost: h\r\n";
    EXPECT_EQ(answer_to(echo, head + "Content-Length: 3\r\n\r\nabc" + next), answer + whole);
    EXPECT_EQ(
        answer_to(echo, head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" + next),
        answer + whole);
    EXPECT_THAT(answer_to(echo, head + "Transfer-Encoding: chunked\r\n\r\nx\r\n"),
                StartsWith("HTTP/1.1 400 "));
  }
}

TEST(http_service, a_body_that_is_too_long_ends_the_connection) {
  const auto echo = echo_service();
  const std::string too_long = "Content-Length: 65537\r\n\r\n";
  const auto post = answers_to(echo, "POST / HTTP/1.1\r\nHost: h\r\n" + too_long);
  EXPECT_THAT(post, StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(post, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answers_to(echo, "GET / HTTP/1.1\r\nHost: h\r\n" + too_long),
              StartsWith("HTTP/1.1 413 "));
  const std::string exact(65'536, 'x');
  EXPECT_THAT(answers_to(echo, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 65536\r\n\r\n" +
                                   exact + "GET /b HTTP/1.1\r\nHost: h\r\n\r\n"),
              EndsWith("\r\n\r\n/b"));
}

// RFC 9110 section 10.1.1: a final status may come in place of 100. It must not come behind a 100
// that lets a client send what will be refused.
TEST(http_service, who_waits_for_continue_is_answered_instead) {
  const auto echo = echo_service();
  constexpr std::string_view bodies[] = {"Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n"};
  for (const std::string_view body : bodies) {
    const auto fields = " /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n" + std::string(body);
    for (const auto kind : kinds) {
      for (const auto& [method, status] : {std::pair("POST", "405"), std::pair("GET", "200")}) {
        served_client client(echo, kind);
        client.send(method + fields + "\r\n");
        const auto answer = client.rest();
        EXPECT_THAT(answer, StartsWith(std::string("HTTP/1.1 ") + status));
        EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"))
            << "whether the body still comes is not known";
      }
    }
  }
  EXPECT_THAT(answers_to(echo, "GET / HTTP/1.1\r\nHost: h\r\nExpect: tea\r\n\r\n"),
              StartsWith("HTTP/1.1 417 "));
}

TEST(http_service, who_does_not_wait_for_continue_keeps_his_connection) {
  const auto echo = echo_service();
  const std::string head = " / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n";
  const std::string next = "GET /next HTTP/1.1\r\nHost: h\r\n\r\n";
  for (const std::string body : {"Content-Length: 3\r\n\r\nabc", "Content-Length: 0\r\n\r\n",
                                 "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"}) {
    const auto answer = answers_to(echo, "POST" + head + body + next);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 405 "));
    EXPECT_THAT(answer, EndsWith("\r\n\r\n/next"));
  }
}

TEST(http_service, what_is_wrong_is_answered_and_ends_the_connection) {
  const auto echo = echo_service();
  const std::pair<std::string, std::string> wrong[] = {
      {"\x16\x03\x01", "400"},
      {"GET /\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\n\r\n", "400"},
      {"GET / HTTP/2.0\r\nHost: h\r\n\r\n", "505"},
      {"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", "501"},
      {"GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n", "414"},
      {"GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(100'000, 'a'), "431"},
  };
  for (const auto& [input, status] : wrong) {
    const auto answer = answers_to(echo, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n" + input);
    EXPECT_THAT(without_dates(answer), StartsWith(ok("/a") + "HTTP/1.1 " + status + " "));
    EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
  }
}

TEST(http_service, a_head_may_fill_its_limit_behind_others) {
  const auto echo = echo_service();
  const std::string start = "GET /a HTTP/1.1\r\nHost: h\r\nX: ";
  const auto full = start + std::string(16'384 - start.size() - 4, 'x') + "\r\n\r\n";
  ASSERT_EQ(full.size(), 16'384U);
  EXPECT_EQ(without_dates(answers_to(echo, full + full + full)), ok("/a") + ok("/a") + ok("/a"));
}

TEST(http_service, a_head_that_comes_too_slowly) {
  const auto echo = echo_service({.head_timeout = milliseconds(50)});
  for (const auto kind : kinds) {
    served_client begun(echo, kind);
    begun.send("GET / HT");
    EXPECT_THAT(begun.rest(), StartsWith("HTTP/1.1 408 "));
    served_client nothing(echo, kind);
    nothing.send("\r\n");
    EXPECT_EQ(nothing.rest(), "");
  }
}

TEST(http_service, a_body_that_comes_too_slowly) {
  const auto echo = echo_service({.body_timeout = milliseconds(50)});
  for (const auto kind : kinds) {
    served_client client(echo, kind);
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nab");
    EXPECT_THAT(client.rest(), StartsWith("HTTP/1.1 408 "));
  }
}

TEST(http_service, a_stop_answers_what_has_begun_and_says_that_it_closes) {
  const auto echo = echo_service();
  for (const auto kind : kinds) {
    served_client client(echo, kind);
    client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HT");
    ASSERT_TRUE(client.wait_for("/a"));
    client.stop();
    client.send("TP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(without_dates(client.rest()), ok("/a") + ok("/b", "Connection: close\r\n"));
    served_client idle(echo, kind);
    idle.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_TRUE(idle.wait_for("/a"));
    idle.stop();
    EXPECT_EQ(without_dates(idle.rest()), ok("/a"));
  }
}

TEST(http_service, long_answers_come_whole_and_in_order) {
  const auto long_service =
      http_service("long", {}, [](const proto::request& asked, response& out) {
        out.body(std::string(std::stoul(std::string(asked.target().substr(1))), 'x'));
      });
  std::string input, expected;
  for (const std::size_t size : {10U, 16'000U, 16'384U, 0U, 1'000'000U, 5U, 30'000U, 7U}) {
    input += "GET /" + std::to_string(size) + " HTTP/1.1\r\nHost: h\r\n\r\n";
    expected += "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" +
                std::string(size, 'x');
  }
  EXPECT_TRUE(answer_to(long_service, input) == expected);
}

TEST(http_service, a_handler_that_fails_costs_its_connection_and_not_the_answers_before) {
  const auto failing = http_service("failing", {}, [](const proto::request& asked, response& out) {
    if (asked.target() == "/throw") throw std::runtime_error("thrown on purpose");
    if (asked.target() == "/split") out.field("Location", "a\r\nSet-Cookie: b");
    out.body("fine");
  });
  for (const std::string path : {"/throw", "/split"}) {
    const auto answer = answers_to(
        failing, "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_THAT(answer, HasSubstr("\r\n\r\nfineHTTP/1.1 500 "));
    EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
    EXPECT_THAT(answer, Not(HasSubstr("Set-Cookie")));
  }
}

TEST(http_service, a_chunked_body_over_the_limit_is_judged_as_one_with_a_length) {
  http_options options;
  options.limits.discarded_body_size = 10;
  const auto echo = echo_service(options);
  const std::string length = "Content-Length: 11\r\n\r\n12345678901";
  for (const std::string method : {"GET", "HEAD", "POST", "PUT", "OPTIONS", "DELETE"}) {
    const auto head = method + " / HTTP/1.1\r\nHost: h\r\n";
    const auto next = "GET /next HTTP/1.1\r\nHost: h\r\n\r\n";
    const auto measure = answer_to(echo, head + length + next);
    EXPECT_THAT(measure, StartsWith(method == "GET" || method == "HEAD" ? "HTTP/1.1 413 "
                                                                        : "HTTP/1.1 405 "));
    EXPECT_THAT(measure, HasSubstr("Connection: close\r\n"));
    EXPECT_THAT(measure, Not(HasSubstr("/next")));
    for (const auto* body :
         {"b\r\n12345678901\r\n0\r\n\r\n", "6\r\n123456\r\n5\r\n78901\r\n0\r\n\r\n"}) {
      EXPECT_EQ(answer_to(echo, head + "Transfer-Encoding: chunked\r\n\r\n" + body + next), measure)
          << method;
    }
  }
}

/// A file without a name.
os::descriptor file_of(std::string_view text) {
  std::string name = std::filesystem::temp_directory_path() / "samjoko-web-XXXXXX";
  os::descriptor file(::mkstemp(name.data()));
  std::filesystem::remove(name);
  EXPECT_EQ(::write(file.get(), text.data(), text.size()), std::ssize(text));
  return file;
}

TEST(http_service, a_file_that_is_always_shorter_than_said_never_breaks_the_framing) {
  for (const std::uint64_t promised : {10U, 100'000U}) {
    const auto served = http_service("file", {}, [=](const proto::request&, response& answer) {
      answer.body(std::make_shared<content_file>(file_of("0123")), 0, promised);
    });
    const auto answer = answers_to(served, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
    EXPECT_THAT(answer, Not(HasSubstr("0123")));
  }
}

TEST(http_service, an_answer_whose_file_changed_before_it_was_read_is_made_anew) {
  struct now_and_before {
    std::string is;
    std::uint64_t was;
  };
  for (const auto& [is, was] : {now_and_before{"0123", 10},
                                {"0123456789", 4},
                                {"0123", 100'000},
                                {std::string(50'000, 'x'), 100},
                                {std::string(50'000, 'x'), 0},
                                {"", 4}}) {
    for (const std::size_t cookie : {10U, 5'000U}) {
      const auto calls = std::make_shared<int>(0);
      const auto served = http_service("file", {}, [=](const proto::request&, response& answer) {
        const auto size = ++*calls == 1 && was > 0 ? was : is.size();
        answer.body(std::make_shared<content_file>(file_of(is), size), 0, size);
      });
      const auto head = "GET / HTTP/1.1\r\nHost: h\r\nCookie: " + std::string(cookie, 'c');
      const auto answer = answers_to(served, head + "\r\n\r\n");
      EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 ")) << is.size() << " " << was;
      EXPECT_EQ(answer.substr(answer.find("\r\n\r\n") + 4), is);
      EXPECT_EQ(*calls, was > 0 ? 2 : 1);
    }
  }
}

TEST(http_options, limits_that_cannot_be_kept_are_told) {
  EXPECT_TRUE(check_options({}));
  http_options options;
  options.limits.head_size = 256 * 1024 + 1;
  ASSERT_FALSE(check_options(options));
  EXPECT_TRUE(check_options(options).error().is(condition::bad_argument));
  options.limits.head_size = 8192;
  options.limits.field_count = 257;
  EXPECT_FALSE(check_options(options));
}

}  // namespace
}  // namespace samjoko::web
