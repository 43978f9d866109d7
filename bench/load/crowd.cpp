#include <load/crowd.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace load {
namespace {

constexpr std::uint64_t most_errors = 1000;
constexpr double longest_silence = 5;
constexpr double between_pieces = 0.001;
constexpr std::uint32_t source_addresses = 16;

sockaddr_in local_address(std::uint32_t host, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<in_port_t>(port));
  address.sin_addr.s_addr = htonl(host);
  return address;
}

bool set_option(int socket, int level, int name, const auto& value) {
  return setsockopt(socket, level, name, &value, sizeof value) == 0;
}

/// A blocking connect: on the loopback it is over before it could block. Each closed connection
/// keeps its pair of ports for a minute, so the clients come from several addresses of 127.0.0.0/8.
int connected_socket(int port, std::uint32_t number) {
  const int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (made < 0) return -1;
  const auto from = local_address(INADDR_LOOPBACK + number % source_addresses, 0);
  const auto to = local_address(INADDR_LOOPBACK, port);
  const bool done = set_option(made, SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1) &&
                    set_option(made, SOL_SOCKET, SO_SNDTIMEO, timeval{.tv_sec = 5, .tv_usec = 0}) &&
                    set_option(made, IPPROTO_TCP, TCP_NODELAY, 1) &&
                    bind(made, reinterpret_cast<const sockaddr*>(&from), sizeof from) == 0 &&
                    ::connect(made, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  if (done) return made;
  close(made);
  return -1;
}

}  // namespace

double clock_seconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

crowd::crowd(const plan& to_do)
    : plan_(to_do), clients_(to_do.connections), epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

crowd::~crowd() { close(epoll_); }

void crowd::connect(std::size_t number) {
  auto& me = clients_[number];
  me.socket = connected_socket(plan_.port, sources_++);
  me.answers.reset();
  if (me.socket < 0) {
    ++now_.errors;
    return;
  }
  epoll_event wanted{.events = EPOLLIN, .data = {.u64 = number}};
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, me.socket, &wanted) != 0) std::abort();
}

void crowd::begin(std::size_t number) {
  auto& me = clients_[number];
  if (me.socket < 0) connect(number);
  if (me.socket < 0) return;
  me.awaited = plan_.depth;
  const std::string_view request = plan_.request;
  if (!plan_.in_pieces) return send(number, request);
  send(number, request.substr(0, request.size() / 2));
  owed_.push_back({number, me.socket, clock_seconds() + between_pieces});
}

void crowd::send(std::size_t number, std::string_view text) {
  const auto sent = ::send(clients_[number].socket, text.data(), text.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(text.size())) fail(number);
}

void crowd::receive(std::size_t number) {
  static std::array<char, 256 * 1024> received;
  auto& me = clients_[number];
  if (me.socket < 0) return;  // it was dropped earlier in this round
  const auto size = recv(me.socket, received.data(), received.size(), MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size < 0) return fail(number);
  if (size == 0) return ended_by_server(number);
  const auto ended = me.answers.take(plan_, {received.data(), static_cast<std::size_t>(size)});
  if (ended < 0 || static_cast<std::uint64_t>(ended) > me.awaited) return fail(number);
  me.awaited -= static_cast<std::uint64_t>(ended);
  if (me.awaited == 0 && plan_.what != talk::http_once) answered(number);
}

void crowd::ended_by_server(std::size_t number) {
  if (plan_.what != talk::http_once || clients_[number].awaited != 0) return fail(number);
  answered(number);
}

void crowd::answered(std::size_t number) {
  now_.operations += plan_.depth;
  if (plan_.holds) {
    if (begun_ < clients_.size()) begin(begun_++);
    return;
  }
  if (plan_.reconnects) drop(number);
  begin(number);
}

void crowd::drop(std::size_t number) {
  close(clients_[number].socket);
  clients_[number].socket = -1;
}

void crowd::fail(std::size_t number) {
  ++now_.errors;
  drop(number);
  if (!plan_.holds && now_.errors < most_errors) begin(number);
}

void crowd::send_owed_pieces() {
  const auto now = clock_seconds();
  while (!owed_.empty() && owed_.front().due <= now) {
    const auto piece = owed_.front();
    owed_.pop_front();
    if (clients_[piece.number].socket != piece.socket) continue;
    send(piece.number, std::string_view(plan_.request).substr(plan_.request.size() / 2));
  }
}

void crowd::wait_once() {
  std::array<epoll_event, 256> events;
  const int patience = owed_.empty() ? 200 : 1;
  const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), patience);
  for (int i = 0; i < count; ++i) receive(events[static_cast<std::size_t>(i)].data.u64);
  send_owed_pieces();
}

bool crowd::stalled(double now) {
  if (now_.operations != seen_operations_) {
    seen_operations_ = now_.operations;
    seen_at_ = now;
  }
  return now - seen_at_ > longest_silence || now_.errors >= most_errors;
}

phase crowd::run(double seconds, std::uint64_t operations) {
  const auto began = clock_seconds();
  now_ = {};
  seen_operations_ = 0;
  seen_at_ = began;
  while (begun_ < clients_.size()) begin(begun_++);
  for (;;) {
    wait_once();
    const auto now = clock_seconds();
    now_.seconds = now - began;
    if (now_.seconds >= seconds && now_.operations >= operations) return now_;
    if (stalled(now)) {
      ++now_.errors;
      return now_;
    }
  }
}

phase crowd::hold() {
  const auto began = clock_seconds();
  now_ = {};
  seen_at_ = began;
  while (begun_ < clients_.size() && begun_ < 64) begin(begun_++);
  while (now_.operations < clients_.size() && !stalled(clock_seconds())) wait_once();
  now_.seconds = clock_seconds() - began;
  return now_;
}

std::uint64_t crowd::count_lost() {
  std::uint64_t lost = 0;
  char byte = 0;
  for (auto& each : clients_) {
    if (each.socket < 0 || recv(each.socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 ||
        errno != EAGAIN)
      ++lost;
  }
  return lost;
}

}  // namespace load
