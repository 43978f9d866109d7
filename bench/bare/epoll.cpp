// The least server of one thread for all clients: edge-triggered epoll, and for a request one
// receive and one send. A fresh client is served before it is registered, so a client that leaves
// at once is never registered.

#include <bare/bare.hpp>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <vector>

namespace {

using bare::service;

struct client {
  bare::request_counter requests;
  std::size_t owed = 0;        // answers of a file that are not sent whole
  std::size_t sent_of_it = 0;  // head and body of the first of them
};

class server {
 public:
  explicit server(const bare::settings& chosen)
      : what_(chosen.what), listener_(bare::listen_on(chosen.port, false)) {
    if (what_ == service::file) open_file(chosen.path);
    register_descriptor(listener_, EPOLLIN);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 512> events;
    for (;;) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) {
        const auto& event = events[static_cast<std::size_t>(i)];
        if (event.data.fd == listener_) {
          accept_all();
        } else if (!serve(event.data.fd, event.events)) {
          close(event.data.fd);
        }
      }
    }
  }

 private:
  void open_file(const std::string& path) {
    struct stat found{};
    file_ = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file_ < 0 || fstat(file_, &found) != 0) bare::give_up("file");
    file_size_ = static_cast<std::size_t>(found.st_size);
    file_head_ = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: " +
                 std::to_string(file_size_) + "\r\n\r\n";
  }

  void register_descriptor(int descriptor, unsigned events) {
    epoll_event wanted{.events = events, .data = {.fd = descriptor}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &wanted);
  }

  void accept_all() {
    const unsigned both = what_ == service::file ? EPOLLOUT : 0u;
    for (;;) {
      const int fresh = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fresh < 0) return;
      if (static_cast<std::size_t>(fresh) >= clients_.size()) {
        close(fresh);
        continue;
      }
      clients_[static_cast<std::size_t>(fresh)] = {};
      if (serve(fresh, 0)) {
        register_descriptor(fresh, EPOLLIN | EPOLLET | EPOLLRDHUP | both);
      } else {
        close(fresh);
      }
    }
  }

  /// Whether the client stays.
  bool serve(int socket, unsigned events) {
    auto& known = clients_[static_cast<std::size_t>(socket)];
    if (known.owed > 0 && !send_file(socket, known)) return false;
    if (known.owed > 0) return true;
    const bool to_the_end = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    for (;;) {
      const auto size = recv(socket, received_.data(), received_.size(), 0);
      if (size <= 0) return size < 0 && errno == EAGAIN;
      if (!answer(socket, known, static_cast<std::size_t>(size))) return false;
      if (static_cast<std::size_t>(size) < received_.size() && !to_the_end) return true;
    }
  }

  bool answer(int socket, client& known, std::size_t size) {
    bare::answers reply{received_.data(), size};
    if (what_ != service::echo) {
      const auto count = known.requests.count(received_.data(), size);
      if (count == 0) return true;
      if (what_ == service::file) {
        known.owed += count;
        return send_file(socket, known);
      }
      reply = bare::hello_answers(what_, count);
    }
    const auto sent = send(socket, reply.text, reply.size, MSG_NOSIGNAL);
    return sent == static_cast<ssize_t>(reply.size) && what_ != service::hello_once;
  }

  /// As many of the owed answers as the socket takes.
  bool send_file(int socket, client& known) {
    const auto whole = file_head_.size() + file_size_;
    while (known.owed > 0) {
      ssize_t sent = 0;
      const auto done = known.sent_of_it;
      if (done < file_head_.size()) {
        sent = send(socket, file_head_.data() + done, file_head_.size() - done,
                    MSG_NOSIGNAL | MSG_MORE);
      } else {
        auto offset = static_cast<off_t>(done - file_head_.size());
        sent = sendfile(socket, file_, &offset, whole - done);
      }
      if (sent <= 0) return sent < 0 && errno == EAGAIN;
      known.sent_of_it += static_cast<std::size_t>(sent);
      if (known.sent_of_it < whole) continue;
      known.sent_of_it = 0;
      --known.owed;
    }
    return true;
  }

  service what_;
  int listener_;
  int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  int file_ = -1;
  std::size_t file_size_ = 0;
  std::string file_head_;
  std::vector<client> clients_{65536};
  std::array<char, bare::receive_size> received_;
};

}  // namespace

int main(int argc, char** argv) {
  static server the_server(bare::parse(argc, argv));
  the_server.run();
}
