#pragma once
// What the five echo servers share, so that they differ only in how they serve many clients.

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <lessons/must.hpp>
#include <string>

namespace lessons {

/// Listens on a free port of 127.0.0.1 and prints it.
inline int listen_on_loopback(int flags = 0) {
  const int listener = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0), "socket");
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof where;
  must(bind(listener, reinterpret_cast<sockaddr*>(&where), size), "bind");
  must(listen(listener, SOMAXCONN), "listen");
  must(getsockname(listener, reinterpret_cast<sockaddr*>(&where), &size), "getsockname");
  dprintf(1, "try: nc 127.0.0.1 %d\n", ntohs(where.sin_port));
  return listener;
}

/// The next client. -1 when there is none after all: a signal came (EINTR), or the client left
/// before it was accepted (ECONNABORTED; EAGAIN where the listener does not block).
inline int accept_client(int listener, int flags = 0) {
  const int client = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | flags);
  if (client == -1 && errno != EINTR && errno != ECONNABORTED && errno != EAGAIN)
    must(client, "accept");  // out of descriptors, say: Samjoko pauses instead and goes on
  return client;
}

/// One step of an echo: reads what is there, or sends what could not be sent before. False when the
/// client is done. With a blocking client it waits; with a non-blocking one it returns at once.
inline bool echo_step(int client, std::string& unsent) {
  if (unsent.empty()) {
    std::array<char, 4096> room;
    const ssize_t got = recv(client, room.data(), room.size(), 0);
    if (got <= 0) return got < 0 && (errno == EAGAIN || errno == EINTR);
    unsent.assign(room.data(), static_cast<std::size_t>(got));
  }
  const ssize_t sent = send(client, unsent.data(), unsent.size(), MSG_NOSIGNAL);
  if (sent < 0) return errno == EAGAIN || errno == EINTR;
  unsent.erase(0, static_cast<std::size_t>(sent));  // send may take less than it was given
  return true;
}

/// The whole of an echo, by blocking.
inline void echo_until_end(int client) {
  std::string unsent;
  while (echo_step(client, unsent)) continue;
  close(client);
}

}  // namespace lessons
