#include <bare/bare.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace bare {
namespace {

constexpr std::string_view end_of_head = "\r\n\r\n";

constexpr std::string_view hello =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!";
constexpr std::string_view hello_once =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\nConnection: close\r\n\r\n"
    "Hello, World!";

std::string repeated(std::string_view text) {
  std::string all;
  for (std::size_t i = 0; i < most_answers; ++i) all += text;
  return all;
}

const std::string many_hellos = repeated(hello);

}  // namespace

void give_up(const char* what) {
  std::perror(what);
  std::exit(1);
}

settings parse(int argc, char** argv) {
  if (argc < 3 || argc > 4) {
    std::fprintf(stderr, "usage: %s PORT echo|hello|hello-once|/FILE [MEMBERS]\n", argv[0]);
    std::exit(2);
  }
  settings chosen{.port = std::atoi(argv[1]), .what = service::file, .path = argv[2]};
  if (chosen.path == "echo") chosen.what = service::echo;
  if (chosen.path == "hello") chosen.what = service::hello;
  if (chosen.path == "hello-once") chosen.what = service::hello_once;
  if (argc == 4) chosen.members = std::clamp(std::atoi(argv[3]), 1, 20000);
  return chosen;
}

int listen_on(int port, bool blocking) {
  const int kind = SOCK_STREAM | SOCK_CLOEXEC | (blocking ? 0 : SOCK_NONBLOCK);
  const int listener = socket(AF_INET, kind, 0);
  const int yes = 1;
  if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0)
    give_up("socket");
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(static_cast<in_port_t>(port));
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) give_up("bind");
  if (listen(listener, 4096) != 0) give_up("listen");
  return listener;
}

std::size_t request_counter::count(const char* text, std::size_t size) noexcept {
  if (matched_ == 0) {  // most often a read holds exactly one whole request
    const auto* found = memmem(text, size, end_of_head.data(), end_of_head.size());
    if (found == text + size - end_of_head.size()) return 1;
  }
  std::size_t ends = 0;
  for (std::size_t i = 0; i < size; ++i) {
    if (text[i] == end_of_head[matched_]) {
      ++matched_;
    } else {
      matched_ = text[i] == '\r' ? 1 : 0;
    }
    if (matched_ == end_of_head.size()) {
      matched_ = 0;
      ++ends;
    }
  }
  return ends;
}

answers hello_answers(service which, std::size_t count) noexcept {
  if (which == service::hello_once) return {hello_once.data(), hello_once.size()};
  return {many_hellos.data(), hello.size() * std::min(count, most_answers)};
}

void serve_blocking(int socket, service what) noexcept {
  char received[receive_size];
  request_counter requests;
  for (;;) {
    const auto size = recv(socket, received, sizeof received, 0);
    if (size <= 0) break;
    answers reply{received, static_cast<std::size_t>(size)};
    if (what != service::echo) {
      const auto count = requests.count(received, reply.size);
      if (count == 0) continue;
      reply = hello_answers(what, count);
    }
    const auto sent = send(socket, reply.text, reply.size, MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(reply.size) || what == service::hello_once) break;
  }
  close(socket);
}

void serve_clients(int listener, service what) noexcept {
  for (;;) {
    const int client = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (client >= 0) serve_blocking(client, what);
  }
}

}  // namespace bare
