#include <samjoko/operate/control.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <samjoko/log/writer.hpp>
#include <samjoko/os/local_stream.hpp>

namespace samjoko::operate {
namespace {

/// Mode 0600 keeps others out; but modes can be changed, and a folder's owner may be careless.
bool is_welcome(const os::descriptor& client) {
  const auto who = os::identity_of_peer(client);
  if (who && (who->user == ::geteuid() || who->user == 0)) return true;
  log::warning("control refused", "refused to obey process {} of user {}: not our user",
               who ? who->process : 0, who ? who->user : 0);
  return false;
}

/// Reads away what was not asked for, else the close could destroy the answer before the client has
/// read it (a unix socket that is closed with unread bytes resets its peer).
void read_away(const os::descriptor& from) {
  std::array<std::byte, 4096> rubbish;
  for (int n = 0; n < 16; ++n) {
    const auto count = os::receive_now(from, rubbish);
    if (!count || *count < rubbish.size()) return;
  }
}

}  // namespace

control::control(os::descriptor listener, answerer answer, control_limits limits)
    : listener_(std::move(listener)), answer_(std::move(answer)), limits_(limits) {}

void control::add_to(std::vector<pollfd>& polled, steady::time_point now) {
  if (accept_again_.passed(now)) accept_again_ = deadline::never();
  first_polled_ = polled.size();
  if (!listener_) return;
  const bool listens = clients_.size() < limits_.clients && accept_again_.is_never();
  polled.push_back({listens ? listener_.get() : -1, POLLIN, 0});
  for (const auto& each : clients_) {
    const short event = each.answering ? POLLOUT : POLLIN;
    polled.push_back({each.socket.get(), event, 0});
  }
}

deadline control::next_time() const {
  auto next = accept_again_;
  for (const auto& each : clients_) next = std::min(next, each.until);
  return next;
}

void control::take_turn(std::span<const pollfd> polled, steady::time_point now) {
  if (!listener_) return;
  const auto mine = polled.subspan(std::min(first_polled_, polled.size()));
  for (std::size_t n = 0; n < clients_.size() && n + 1 < mine.size(); ++n) {
    auto& each = clients_[n];
    if (mine[n + 1].revents == 0) continue;
    if (each.answering) {
      go_on_answering(each);
    } else {
      hear(each, now);
    }
  }
  std::erase_if(clients_,
                [now](const client& each) { return each.over || each.until.passed(now); });
  if (!mine.empty() && mine.front().revents != 0) accept(now);
}

void control::close() {
  listener_.reset();
  clients_.clear();
  accept_again_ = deadline::never();
}

void control::accept(steady::time_point now) {
  while (clients_.size() < limits_.clients) {
    auto next = os::accept_local(listener_);
    if (!next && next.error().is(EAGAIN)) return;
    if (!next && next.error().is(ECONNABORTED)) continue;
    if (!next) {
      log::warning("control", "the control socket: {}", next.error().sentence());
      accept_again_ = deadline(now + limits_.pause);
      return;
    }
    if (!is_welcome(*next)) continue;
    clients_.push_back({.socket = std::move(*next),
                        .text = {},
                        .answering = false,
                        .over = false,
                        .until = deadline(now + limits_.to_ask)});
  }
}

void control::hear(client& who, steady::time_point now) {
  std::array<std::byte, 512> room;
  const auto count = os::receive_now(who.socket, room);
  if (!count && count.error().is(EAGAIN)) return;
  if (!count || *count == 0) {
    who.over = true;
    return;
  }
  who.text += as_text(bytes(room).first(*count));
  const auto end = who.text.find('\n');
  if (std::min(end, who.text.size()) > limits_.line) {
    who.over = true;
    log::warning("control line", "a request of over {} bytes on the control socket is not heard",
                 limits_.line);
  } else if (end != std::string::npos) {
    const std::string line(who.text, 0, end);
    begin_answer(who, line, now);
  }
}

void control::begin_answer(client& who, std::string_view line, steady::time_point now) {
  auto answer = answer_(line);
  read_away(who.socket);
  who.answering = true;
  who.text = std::move(answer);
  who.until = deadline(now + limits_.to_listen);
  go_on_answering(who);
}

void control::go_on_answering(client& who) {
  const auto sent = os::send_now(who.socket, as_bytes(who.text));
  if (!sent && sent.error().is(EAGAIN)) return;
  if (sent) who.text.erase(0, *sent);
  who.over = !sent || who.text.empty();
}

}  // namespace samjoko::operate
