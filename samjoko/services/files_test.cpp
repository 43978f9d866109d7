#include <samjoko/services/files.hpp>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <samjoko/web/testing/served_client.hpp>

#include <filesystem>
#include <fstream>

namespace samjoko::services {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using web::answers_to;
using web::loop_kind;

void write(const fs::path& path, std::string_view text) { std::ofstream(path) << text; }

std::string body_of(const std::string& answer) {
  return answer.substr(answer.find("\r\n\r\n") + 4);
}

std::string field_of(const std::string& answer, const std::string& name) {
  const auto at = answer.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const auto from = at + name.size() + 4;
  return answer.substr(from, answer.find("\r\n", from) - from);
}

class files : public testing::Test {
 protected:
  files() {
    std::string name = fs::temp_directory_path() / "samjoko-files-XXXXXX";
    base_ = ::mkdtemp(name.data());
    root_ = base_ / "root";
    fs::create_directories(root_ / "sub" / "deep");
    write(base_ / "secret", "secret");
    write(root_ / "digits.txt", "0123456789");
    write(root_ / "empty.css", "");
    write(root_ / "sub" / "index.html", "<p>index");
    write(root_ / ".hidden", "hidden");
    service_.emplace(*make_files({.directory = root_, .list = true}));
  }
  ~files() override { fs::remove_all(base_); }

  std::string get(std::string_view target, std::string_view fields = "",
                  std::string_view method = "GET") {
    return answers_to(*service_, request_for(target, fields, method));
  }
  /// A file that was changed a moment ago has no tag yet.
  void let_settle(std::string_view target) {
    while (field_of(get(target), "ETag").empty()) std::this_thread::yield();
  }
  static std::string request_for(std::string_view target, std::string_view fields = "",
                                 std::string_view method = "GET") {
    return std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n" +
           std::string(fields) + "\r\n";
  }

  fs::path base_, root_;
  std::optional<service> service_;
};

TEST_F(files, a_file_with_all_that_is_said_about_it) {
  let_settle("/digits.txt");
  const auto answer = get("/digits.txt");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\nDate: "));
  EXPECT_EQ(field_of(answer, "Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(field_of(answer, "Content-Length"), "10");
  EXPECT_EQ(field_of(answer, "Accept-Ranges"), "bytes");
  EXPECT_THAT(field_of(answer, "ETag"), StartsWith("\"a-"));
  EXPECT_FALSE(field_of(answer, "Last-Modified").empty());
  EXPECT_EQ(body_of(answer), "0123456789");
}

TEST_F(files, head_is_get_without_the_body) {
  let_settle("/digits.txt");
  auto whole = web::without_dates(get("/digits.txt"));
  const auto head = web::without_dates(get("/digits.txt", "", "HEAD"));
  whole.erase(whole.size() - 10);
  EXPECT_EQ(head, whole);
}

TEST_F(files, empty_and_missing) {
  EXPECT_EQ(field_of(get("/empty.css"), "Content-Length"), "0");
  EXPECT_THAT(get("/none"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(get("/digits.txt/x"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(get("/digits.txt/"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(get("/" + std::string(300, 'a')), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(get("/" + std::string(5000, 'a')), StartsWith("HTTP/1.1 404 "));
  EXPECT_EQ(body_of(get("/.hidden")), "hidden");
}

TEST_F(files, files_of_every_size_come_whole_in_any_pieces_on_both_loops) {
  std::string input;
  std::vector<std::string> bodies;
  for (const std::size_t size :
       {1U, 15'000U, 16'000U, 16'200U, 16'384U, 20'000U, 100'000U, 3'000'000U}) {
    std::string body(size, 'x');
    for (std::size_t i = 0; i < size; i += 97) body[i] = static_cast<char>('a' + i % 26);
    const auto name = "f" + std::to_string(size);
    write(root_ / name, body);
    input += request_for("/" + name);
    bodies.push_back(body);
  }
  for (const auto kind : {loop_kind::blocking, loop_kind::epoll}) {
    for (const std::size_t piece : {0U, 1U, 2U, 3U, 7U, 16U}) {
      auto rest = answers_to(*service_, input, piece, kind);
      for (const auto& body : bodies) {
        const auto head = rest.find("\r\n\r\n");
        ASSERT_NE(head, std::string::npos);
        ASSERT_EQ(field_of(rest.substr(0, head + 2), "Content-Length"),
                  std::to_string(body.size()));
        ASSERT_TRUE(rest.compare(head + 4, body.size(), body) == 0) << body.size();
        rest.erase(0, head + 4 + body.size());
      }
      EXPECT_TRUE(rest.empty());
    }
  }
}

TEST_F(files, odd_names) {
  for (const std::string name : {"a b", "100%", "new\nline", "\xec\x82\xbc\xec\xa1\xb1\xec\x98\xa4",
                                 "a?b#c", "<i>&\"'", "a:b", "\xff\xfe"}) {
    write(root_ / name, "odd " + name);
    std::string encoded;
    for (const char byte : name) {
      const auto c = static_cast<unsigned char>(byte);
      encoded += {'%', "0123456789abcdef"[c >> 4], "0123456789abcdef"[c & 15]};
    }
    EXPECT_EQ(body_of(get("/" + encoded)), "odd " + name);
  }
  EXPECT_EQ(body_of(get("/\xec\x82\xbc\xec\xa1\xb1\xec\x98\xa4")),
            "odd \xec\x82\xbc\xec\xa1\xb1\xec\x98\xa4");
}

TEST_F(files, paths_never_leave_the_root) {
  for (const auto* path : {"/../secret", "/%2e%2e/secret", "/..%2fsecret", "/sub/../../secret",
                           "/sub/deep/%2e%2e/../../../secret", "/%00", "/%", "/%zz"}) {
    EXPECT_THAT(get(path), StartsWith("HTTP/1.1 400 ")) << path;
  }
  EXPECT_EQ(body_of(get("/sub/../digits.txt")), "0123456789");
  EXPECT_EQ(body_of(get("//sub//.//..///digits.txt")), "0123456789");
}

TEST_F(files, links_that_leave_the_root_are_refused_and_others_followed) {
  fs::create_symlink("../secret", root_ / "out");
  fs::create_symlink(base_ / "secret", root_ / "out_absolute");
  fs::create_symlink("..", root_ / "up");
  fs::create_symlink("/proc/self/root", root_ / "magic");
  fs::create_symlink("sub/../digits.txt", root_ / "in");
  fs::create_symlink(root_ / "digits.txt", root_ / "in_absolute");
  fs::create_symlink(root_ / "sub", root_ / "directory");
  fs::create_symlink("none", root_ / "dangling");
  fs::create_symlink("loop", root_ / "loop");
  for (const auto* path : {"/out", "/out_absolute", "/up/secret", "/magic/etc/passwd", "/loop"}) {
    EXPECT_THAT(get(path), StartsWith("HTTP/1.1 403 ")) << path;
  }
  EXPECT_EQ(body_of(get("/in")), "0123456789");
  EXPECT_EQ(body_of(get("/in_absolute")), "0123456789");
  EXPECT_EQ(body_of(get("/directory/")), "<p>index");
  EXPECT_THAT(get("/dangling"), StartsWith("HTTP/1.1 404 "));
}

TEST_F(files, only_regular_files) {
  ASSERT_EQ(::mkfifo((root_ / "fifo").c_str(), 0600), 0);
  EXPECT_THAT(get("/fifo"), StartsWith("HTTP/1.1 404 "));
}

TEST_F(files, a_directory_without_its_slash_is_redirected) {
  const auto answer = get("/sub?a=b");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 301 "));
  EXPECT_EQ(field_of(answer, "Location"), "sub/?a=b");
  fs::create_directory(root_ / "a b");
  fs::create_directory(root_ / "http:b");
  fs::create_directory(root_ / "<\"");
  for (const auto& [asked, told] : std::initializer_list<std::pair<const char*, const char*>>{
           {"//a%20b", "a%20b/"},
           {"/sub/deep", "deep/"},
           {"/sub%2Fdeep", "sub%2Fdeep/"},
           {"/%2f%2fsub", "%2f%2fsub/"},
           {"//h/../sub", "sub/"},
           {"/http:b", "http%3Ab/"},
           {"/%3c%22?//evil", "%3c%22/?//evil"},
           {"http://h/sub?q", "sub/?q"}}) {
    EXPECT_EQ(field_of(get(asked), "Location"), told) << asked;
  }
  EXPECT_EQ(body_of(get("/sub/")), "<p>index");
}

TEST_F(files, a_listing_names_what_is_there_and_breaks_nothing) {
  write(root_ / "<b>&.txt", "");
  write(root_ / "a:b c", "12345");
  const auto answer = get("/");
  EXPECT_EQ(field_of(answer, "Content-Type"), "text/html; charset=utf-8");
  EXPECT_THAT(answer, HasSubstr("<a href=\"sub/\">sub/</a>"));
  EXPECT_THAT(answer, HasSubstr("<a href=\"%3Cb%3E%26.txt\">&lt;b&gt;&amp;.txt</a>"));
  EXPECT_THAT(answer, HasSubstr("<a href=\"a%3Ab%20c\">a:b c</a>"));
  EXPECT_THAT(answer, HasSubstr("<td>5</td>"));
  EXPECT_THAT(answer, Not(HasSubstr(".hidden")));
  EXPECT_LT(answer.find("sub/"), answer.find("digits.txt"));
  EXPECT_THAT(get("/sub/deep/"), HasSubstr("<a href=\"../\">"));
}

TEST_F(files, without_listing_a_directory_is_forbidden) {
  service_.emplace(*make_files({.directory = root_}));
  EXPECT_THAT(get("/"), StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(get("/none/"), StartsWith("HTTP/1.1 404 "));
  EXPECT_EQ(body_of(get("/sub/")), "<p>index");
}

TEST_F(files, one_range) {
  const auto answer = get("/digits.txt", "Range: bytes=2-4\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 206 Partial Content\r\n"));
  EXPECT_EQ(field_of(answer, "Content-Range"), "bytes 2-4/10");
  EXPECT_EQ(field_of(answer, "Content-Length"), "3");
  EXPECT_EQ(body_of(answer), "234");
  EXPECT_EQ(body_of(get("/digits.txt", "Range: bytes=-3\r\n")), "789");
  EXPECT_EQ(body_of(get("/digits.txt", "Range: bytes=8-\r\n")), "89");
  const auto behind = get("/digits.txt", "Range: bytes=10-\r\n");
  EXPECT_THAT(behind, StartsWith("HTTP/1.1 416 "));
  EXPECT_EQ(field_of(behind, "Content-Range"), "bytes */10");
  EXPECT_THAT(get("/digits.txt", "Range: bytes=0-1\r\n", "HEAD"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(files, several_ranges) {
  for (const std::size_t size : {10U, 1'000'000U}) {
    std::string text(size, '.');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i % 26);
    write(root_ / "big", text);
    const auto last = size - 2;
    const auto answer = get("/big", "Range: bytes=0-0,2-" + std::to_string(last) + "\r\n");
    const auto type = field_of(answer, "Content-Type");
    ASSERT_THAT(type, StartsWith("multipart/byteranges; boundary="));
    const auto border = type.substr(type.find('=') + 1);
    const auto total = "/" + std::to_string(size) + "\r\n\r\n";
    const auto part = "Content-Type: application/octet-stream\r\nContent-Range: bytes ";
    const auto expected = "\r\n--" + border + "\r\n" + part + "0-0" + total + "a\r\n--" + border +
                          "\r\n" + part + "2-" + std::to_string(last) + total +
                          text.substr(2, last - 1) + "\r\n--" + border + "--\r\n";
    EXPECT_TRUE(body_of(answer) == expected);
    EXPECT_EQ(field_of(answer, "Content-Length"), std::to_string(expected.size()));
    fs::remove(root_ / "big");
  }
}

TEST_F(files, conditions) {
  let_settle("/digits.txt");
  const auto first = get("/digits.txt");
  const auto etag = field_of(first, "ETag");
  const auto date = field_of(first, "Last-Modified");
  const auto none_match = get("/digits.txt", "If-None-Match: " + etag + "\r\n");
  EXPECT_THAT(none_match, StartsWith("HTTP/1.1 304 "));
  EXPECT_EQ(field_of(none_match, "ETag"), etag);
  EXPECT_EQ(field_of(none_match, "Content-Length"), "");
  EXPECT_EQ(body_of(none_match), "");
  EXPECT_THAT(get("/digits.txt", "If-Modified-Since: " + date + "\r\n"),
              StartsWith("HTTP/1.1 304 "));
  EXPECT_THAT(get("/digits.txt", "If-None-Match: \"x\"\r\nIf-Modified-Since: " + date + "\r\n"),
              StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(get("/digits.txt", "If-Match: \"x\"\r\n"), StartsWith("HTTP/1.1 412 "));
  EXPECT_THAT(get("/digits.txt", "If-Match: " + etag + "\r\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(get("/digits.txt", "If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n"),
              StartsWith("HTTP/1.1 412 "));
  EXPECT_THAT(get("/digits.txt", "Range: bytes=0-1\r\nIf-Range: " + etag + "\r\n"),
              StartsWith("HTTP/1.1 206 "));
  EXPECT_THAT(get("/digits.txt", "Range: bytes=0-1\r\nIf-Range: \"x\"\r\n"),
              StartsWith("HTTP/1.1 200 "));
}

TEST_F(files, a_change_is_seen_by_the_next_answer) {
  const auto path = root_ / "digits.txt";
  for (const auto kind : {loop_kind::blocking, loop_kind::epoll}) {
    write(path, "0123456789");
    web::served_client client(*service_, kind);
    const auto next = [&](std::string_view fields = "") {
      client.received().clear();
      client.send(request_for("/digits.txt", fields));
      EXPECT_TRUE(client.wait_for("\r\n\r\n"));
      return client.received();
    };
    EXPECT_EQ(body_of(next()), "0123456789");
    write(path, "9876543210");
    EXPECT_EQ(body_of(next()), "9876543210");
    std::ofstream(path, std::ios::app) << "more";
    EXPECT_THAT(next("Range: bytes=10-\r\n"), HasSubstr("Content-Range: bytes 10-13/14"));
    write(root_ / "other", "replaced");
    fs::rename(root_ / "other", path);
    EXPECT_EQ(body_of(next()), "replaced");
    fs::remove(path);
    EXPECT_THAT(next(), StartsWith("HTTP/1.1 404 "));
  }
}

TEST_F(files, equal_size_and_time_do_not_make_an_equal_tag) {
  const auto path = root_ / "digits.txt";
  const auto set_time = [&](std::time_t seconds) {
    const timespec times[2]{{.tv_sec = seconds, .tv_nsec = 0}, {.tv_sec = seconds, .tv_nsec = 0}};
    EXPECT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  };
  for (const std::time_t time : {0, 1, 1'700'000'000}) {
    write(path, "0123456789");
    set_time(time);
    let_settle("/digits.txt");
    const auto before = get("/digits.txt");
    EXPECT_EQ(field_of(before, "Last-Modified").empty(), time < 2);
    write(path, "9876543210");
    set_time(time);
    const auto tag = field_of(before, "ETag");
    EXPECT_EQ(body_of(get("/digits.txt", "If-None-Match: " + tag + "\r\n")), "9876543210");
    EXPECT_EQ(body_of(get("/digits.txt", "Range: bytes=4-\r\nIf-Range: " + tag + "\r\n")),
              "9876543210");
    if (time < 2) {
      EXPECT_EQ(body_of(get("/digits.txt", "If-Modified-Since: Thu, 01 Jan 1970 00:00:01 GMT\r\n")),
                "9876543210");
    }
  }
}

TEST_F(files, a_time_of_change_in_the_future_is_told_as_now) {
  const auto path = root_ / "digits.txt";
  const auto soon = std::time(nullptr) + 86'400;
  const timespec times[2]{{.tv_sec = soon, .tv_nsec = 0}, {.tv_sec = soon, .tv_nsec = 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  const auto answer = get("/digits.txt");
  const auto told = field_of(answer, "Last-Modified");
  EXPECT_EQ(told, field_of(answer, "Date"));
  EXPECT_THAT(get("/digits.txt", "If-Modified-Since: " + told + "\r\n"),
              StartsWith("HTTP/1.1 200 "));
}

TEST_F(files, a_replaced_directory_is_found_again) {
  fs::create_directories(base_ / "other");
  write(base_ / "other" / "digits.txt", "other");
  const auto link = base_ / "current";
  fs::create_directory_symlink(root_, link);
  const auto served = make_files({.directory = link});
  ASSERT_TRUE(served);
  EXPECT_EQ(body_of(answers_to(*served, request_for("/digits.txt"))), "0123456789");
  fs::remove(link);
  fs::create_directory_symlink(base_ / "other", link);
  std::string body;
  while (body != "other") body = body_of(answers_to(*served, request_for("/digits.txt")));
}

TEST_F(files, a_directory_that_is_none_is_told_at_once) {
  const auto missing = make_files({.directory = base_ / "none"});
  ASSERT_FALSE(missing);
  EXPECT_TRUE(missing.error().is(ENOENT));
  EXPECT_THAT(missing.error().sentence(), HasSubstr((base_ / "none").string()));
  EXPECT_TRUE(make_files({.directory = base_ / "secret"}).error().is(ENOTDIR));
}

}  // namespace
}  // namespace samjoko::services
