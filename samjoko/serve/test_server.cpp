#include <algorithm>
#include <cerrno>
#include <list>
#include <samjoko/base/check.hpp>
#include <samjoko/io/simulated_loop.hpp>
#include <samjoko/serve/session.hpp>
#include <samjoko/service/testing.hpp>
#include <utility>
#include <vector>

namespace samjoko {
namespace {

constexpr std::size_t bytes_in_flight = 64 * 1024;
/// A service that never stops to write is interrupted after so many bytes without time passing.
constexpr std::size_t most_at_once = 4 << 20;
/// A long time passes in so many steps at least: clients read what comes between two of them.
constexpr int steps = 200;

}  // namespace

class test_server::inside final : serve::session_owner {
 public:
  inside(service offered, const test_options& options)
      : offered_(std::move(offered)), limits_(options.limits), loop_(options.seed) {
    SAMJOKO_CHECK(offered_.handler, "test_server: the service has no handler");
  }
  ~inside() {
    for (auto& each : clients_) leave(each);
    stop(stop_level::immediate);
    loop_.run();
    SAMJOKO_CHECK(sessions_.empty(), "test_server: a handler waits for what no code ends");
  }

  struct endpoint {
    int socket = -1;
    std::string to_send;
    std::string received;
    bool reads = true;
    bool finishes = false;
    bool ended = false;
    bool reset = false;
  };

  std::size_t connect(std::string_view from) {
    const auto address = os::address::parse(from);
    SAMJOKO_CHECK(address, "test_server: that is no address of a client");
    const auto [ours, theirs] = loop_.network().make_pair(bytes_in_flight);
    loop_.network().name(theirs, *address);
    auto& added = sessions_.emplace_back(host_, serve::client{.socket = os::descriptor(ours)});
    added.start();
    clients_.emplace_back().socket = theirs;
    go_on();
    return clients_.size() - 1;
  }

  /// Everything that can happen without time passing.
  void go_on() {
    at_once_ = 0;
    for (bool progressed = true; progressed && at_once_ < most_at_once;) {
      loop_.run_until(loop_.now());
      progressed = false;
      for (auto& each : clients_) progressed = exchange(each) || progressed;
    }
  }

  void pass(milliseconds time) {
    const auto end = loop_.now() + time;
    const auto step = std::max<steady::duration>(time / steps, milliseconds(1));
    while (loop_.now() < end) {
      loop_.run_until(std::min(end, loop_.now() + step));
      go_on();
    }
  }

  void stop(stop_level how) {
    stop_.request(how);
    for (auto each = sessions_.begin(); each != sessions_.end();) (each++)->look_at_stop();
    go_on();
  }

  void leave(endpoint& whom) {
    if (whom.socket < 0) return;
    do_now(whom, io::operation_kind::close);
    whom.socket = -1;
  }

  [[nodiscard]] endpoint& at(std::size_t number) { return clients_.at(number); }
  [[nodiscard]] std::size_t open() const noexcept { return sessions_.size(); }

 private:
  io::operation do_now(const endpoint& whom, io::operation_kind what) {
    io::operation wanted;
    wanted.kind = what;
    wanted.fd = whom.socket;
    loop_.begin(wanted);
    return wanted;
  }

  bool exchange(endpoint& whom) {
    if (whom.socket < 0) return false;
    const bool sent = send(whom);
    return receive(whom) || sent;
  }

  bool send(endpoint& whom) {
    const auto before = whom.to_send.size();
    if (before != 0) {
      io::operation wanted;
      wanted.kind = io::operation_kind::send;
      wanted.fd = whom.socket;
      wanted.data = reinterpret_cast<std::byte*>(whom.to_send.data());
      wanted.size = before;
      bool progressed = false;
      const bool over = loop_.network().attempt(wanted, loop_.buffers(), progressed);
      whom.to_send.erase(0, over && wanted.result < 0 ? before : before - wanted.size);
    }
    if (whom.to_send.empty() && std::exchange(whom.finishes, false)) {
      do_now(whom, io::operation_kind::shutdown_send);
      return true;
    }
    return whom.to_send.size() != before;
  }

  bool receive(endpoint& whom) {
    if (!whom.reads || whom.ended || whom.reset) return false;
    const auto got = do_now(whom, io::operation_kind::receive_now);
    if (got.result == -EAGAIN) return false;
    whom.ended = got.result == 0;
    whom.reset = got.result < 0;
    if (got.result > 0) {
      const auto count = static_cast<std::size_t>(got.result);
      at_once_ += count;
      whom.received.append(reinterpret_cast<const char*>(got.data), count);
      loop_.buffers().give_back(got.data);
    }
    return true;
  }

  void session_ended(serve::session& ended) noexcept override {
    sessions_.erase(std::ranges::find_if(
        sessions_, [&ended](const serve::session& each) { return &each == &ended; }));
  }

  const service offered_;
  const connection_limits limits_;
  io::simulated_loop loop_;
  stop_flag stop_;
  serve::session_host host_{loop_, offered_, limits_, stop_, *this};
  std::list<serve::session> sessions_;
  std::vector<endpoint> clients_;
  std::size_t at_once_ = 0;  ///< bytes received by the present go_on()
};

test_server::test_server(service offered, test_options options)
    : inside_(std::make_unique<inside>(std::move(offered), options)) {}
test_server::~test_server() = default;

test_client test_server::connect(std::string_view from) { return {*this, inside_->connect(from)}; }
void test_server::pass(milliseconds time) { inside_->pass(time); }
void test_server::stop(stop_level how) { inside_->stop(how); }
std::size_t test_server::open_clients() {
  inside_->go_on();
  return inside_->open();
}

void test_client::send(std::string_view text) {
  of_->inside_->at(number_).to_send += text;
  of_->inside_->go_on();
}
std::string test_client::received() {
  of_->inside_->go_on();
  return std::exchange(of_->inside_->at(number_).received, {});
}
bool test_client::sees_end() {
  of_->inside_->go_on();
  return of_->inside_->at(number_).ended;
}
bool test_client::sees_reset() {
  of_->inside_->go_on();
  return of_->inside_->at(number_).reset;
}
void test_client::reads(bool yes) { of_->inside_->at(number_).reads = yes; }
void test_client::finish_sending() {
  of_->inside_->at(number_).finishes = true;
  of_->inside_->go_on();
}
void test_client::leave() {
  of_->inside_->leave(of_->inside_->at(number_));
  of_->inside_->go_on();
}

}  // namespace samjoko
