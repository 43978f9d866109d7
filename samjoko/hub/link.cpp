#include <samjoko/hub/link.hpp>

#include <algorithm>
#include <cerrno>
#include <samjoko/base/check.hpp>
#include <samjoko/hub/event.hpp>
#include <samjoko/hub/hub_address.hpp>
#include <samjoko/io/attempt.hpp>
#include <samjoko/os/abstract_socket.hpp>
#include <samjoko/os/socket.hpp>
#include <samjoko/task/first_of.hpp>
#include <utility>

namespace samjoko::hub {
namespace {

/// The pause while there is no hub, or its backlog is full.
constexpr milliseconds try_again_after{100};
/// A hub that takes nothing for so long is given up.
constexpr milliseconds longest_silence{30'000};

class sending : public io::awaited<io::operation> {
 public:
  sending(io::loop& on, int socket, std::string& all) noexcept : awaited(on) {
    kind = io::operation_kind::send;
    fd = socket;
    data = reinterpret_cast<std::byte*>(all.data());
    size = all.size();
    idle_ms = static_cast<std::uint32_t>(longest_silence.count());
  }
};

std::uint8_t flag_if(bool wanted, std::uint8_t flag) noexcept { return wanted ? flag : 0; }

std::uint8_t flags_of(const publish_options& how) noexcept {
  return static_cast<std::uint8_t>(flag_if(how.not_to_me, flag_not_to_me) |
                                   flag_if(how.members_only, flag_members_only) |
                                   flag_if(how.named_only, flag_named_only));
}

bool fits(const frame& what) noexcept {
  return what.topic.size() <= longest_text && what.name.size() <= longest_text &&
         what.body.size() <= longest_message;
}

task<> fill(connection& client, std::optional<result<std::size_t>>& outcome) {
  auto came = co_await client.fill();
  outcome.emplace(std::move(came));
}

}  // namespace

link::~link() {
  forget(io::operation_kind::close);
  attach_to(nullptr);
}

result<void> link::open(connection& client) {
  if (opened_) return {};
  if (!hub_address())
    return failure(ENOTCONN, "hub", "this program has none: say .uses_hub in its service");
  opened_ = true;
  move_to(&client.loop());
  attach_to(&client);
  connect();
  return {};
}

void link::move_to(io::loop* next) noexcept {
  if (loop_ != nullptr && socket_ >= 0) {
    io::operation release;  // the loop may know the descriptor
    release.kind = io::operation_kind::release;
    release.fd = socket_;
    loop_->begin(release);
  }
  SAMJOKO_CHECK(loop_ == nullptr || untaken().empty(), "given away with half of some news");
  unread_.reset();  // its block belongs to the loop
  taken_ = 0;
  loop_ = next;
}

void link::attach_to(connection* serving) noexcept {
  if (client_ != nullptr) client_->wake_by(nullptr);
  client_ = serving;
  if (client_ != nullptr) client_->wake_by(this);
}

/// To listen, it does not connect too soon after the last time: else a hub that ends each link
/// would be asked without a pause.
bool link::is_connected(bool anew) {
  if (is_lost_ && !sends_ && !listens_) lose_hub();
  if (socket_ < 0 && (anew || try_again_.passed(loop_->now()))) connect();
  return socket_ >= 0 && !is_lost_;
}

void link::connect() {
  try_again_ = loop_->deadline_after(try_again_after);
  auto made = os::socket_for(*hub_address());
  const bool connected = made && os::connect_now(made->get(), *hub_address()) == 0 &&
                         is_connected_to_rendezvous(made->get());
  if (connected) {
    socket_ = made->release();
    if (!renew()) forget(io::operation_kind::close);
  }
}

/// Repeats the name and the subscriptions of this link. All of it fits at once into the empty
/// buffer of a fresh socket.
bool link::renew() {
  entered_ = false;
  if (name_.empty() && topics_.empty()) return true;
  std::string all;
  enter(all);
  if (!name_.empty()) append(all, {.kind = frame_kind::claim, .flags = flag_again, .name = name_});
  for (auto& each : topics_) {
    each.unanswered = 1;
    const auto flags = static_cast<std::uint8_t>(each.flags | flag_again);
    append(all, {.kind = frame_kind::subscribe, .flags = flags, .topic = each.topic});
  }
  io::operation send;
  send.kind = io::operation_kind::send;
  send.fd = socket_;
  send.data = reinterpret_cast<std::byte*>(all.data());
  send.size = all.size();
  const bool finished = io::attempt(send, loop_->buffers(), false);
  return finished && send.result >= 0;
}

/// Comes before the first frames of each socket; the space without a name needs no frame.
void link::enter(std::string& first) {
  if (std::exchange(entered_, true) || entered_space().empty()) return;
  append(first, {.kind = frame_kind::enter, .name = entered_space()});
}

/// A socket in which another task still waits stays open until that task has noticed as well: the
/// task's hub is gone, or the hub sees the end that is sent here and closes.
void link::lose_hub() noexcept {
  was_interrupted_ = true;
  if (sends_ || listens_) {
    is_lost_ = true;
    try_again_ = loop_->deadline_after(try_again_after);
    io::operation end;
    end.kind = io::operation_kind::shutdown_send;
    end.fd = socket_;
    loop_->begin(end);
    return;
  }
  is_lost_ = false;
  forget(io::operation_kind::close);
}

void link::forget(io::operation_kind how) noexcept {
  unread_.reset();
  taken_ = 0;
  if (socket_ < 0) return;
  if (loop_ == nullptr) {
    const os::descriptor closed(std::exchange(socket_, -1));
    return;
  }
  io::operation last;
  last.kind = how;
  last.fd = std::exchange(socket_, -1);
  loop_->begin(last);
}

task<result<void>> link::say(frame what) {
  if (!opened_) co_return failure(ENOTCONN, "hub", "the link was not opened");
  if (!fits(what)) co_return failure(condition::too_long, "hub");
  for (int tries = 0; tries < 2; ++tries) {
    if (was_dropped_) co_return failure(EPIPE, "hub", "this link was dropped");
    if (!is_connected(true)) break;
    outbox_.clear();
    enter(outbox_);
    append(outbox_, what);
    sends_ = true;
    const auto sent = co_await sending(*loop_, socket_, outbox_);
    sends_ = false;
    if (sent >= 0 && !is_lost_) co_return result<void>{};
    lose_hub();  // a part of it may be out; the old hub, if it lives, never gets the rest
    if (sent < 0 && sent != -EPIPE && sent != -ECONNRESET)
      co_return failure(static_cast<int>(-sent), "hub send");
  }
  co_return failure(EAGAIN, "hub", "it cannot be reached now");
}

task<result<void>> link::claim(std::string_view name) {
  return say({.kind = frame_kind::claim, .name = name});
}

task<result<void>> link::subscribe(std::string_view topic, subscribe_options how) {
  const auto flags = static_cast<std::uint8_t>(flag_if(how.presence, flag_presence) |
                                               flag_if(how.named_only, flag_named_only));
  const auto known = std::ranges::find(topics_, topic, &kept::topic);
  const unsigned before = known == topics_.end() ? 0 : known->unanswered;
  if (known != topics_.end()) topics_.erase(known);
  if (topic.size() <= longest_text) topics_.push_back({std::string(topic), flags, before + 1});
  return say({.kind = frame_kind::subscribe, .flags = flags, .topic = topic});
}

task<result<void>> link::unsubscribe(std::string_view topic) {
  std::erase_if(topics_, [&](const kept& each) { return each.topic == topic; });
  return say({.kind = frame_kind::unsubscribe, .topic = topic});
}

task<result<void>> link::publish(std::string_view topic, std::string_view body,
                                 publish_options how) {
  return say({.kind = frame_kind::publish, .flags = flags_of(how), .topic = topic, .body = body});
}

task<result<void>> link::tell(std::string_view name, std::string_view body, publish_options how) {
  return say({.kind = frame_kind::tell, .flags = flags_of(how), .name = name, .body = body});
}

task<result<void>> link::ask_members(std::string_view topic) {
  return say({.kind = frame_kind::ask_members, .topic = topic});
}

std::optional<event> link::take() {
  unread_.consume(std::exchange(taken_, 0));
  if (unread_.empty()) unread_.reset();
  if (!opened_) return std::nullopt;
  for (;;) {
    if (auto heard = take_frame()) return heard;
    if (was_dropped_) return std::nullopt;
    if (!is_connected(false)) return std::nullopt;
    if (std::exchange(was_interrupted_, false)) {
      progressed_ = true;
      return event{.what = event_kind::interrupted};
    }
    if (!receive()) return std::nullopt;
  }
}

std::optional<event> link::take_frame() {
  for (;;) {
    const auto cut = first_frame(untaken());
    if (!cut) {  // no hub of ours speaks like that
      lose_hub();
      return std::nullopt;
    }
    if (!*cut) return std::nullopt;
    taken_ += (*cut)->size;
    progressed_ = true;
    auto heard = event_of((*cut)->what);
    if (!heard) continue;
    note(*heard);
    return heard;
  }
}

/// Notes what has to be sent again to another hub.
void link::note(const event& heard) {
  if (heard.what == event_kind::named) name_ = heard.name;
  if (heard.what == event_kind::dropped) was_dropped_ = true;
  if (heard.what == event_kind::subscribed || heard.asked == frame_kind::subscribe) {
    const auto asked = std::ranges::find(topics_, heard.topic, &kept::topic);
    if (asked != topics_.end() && asked->unanswered > 0) --asked->unanswered;
  }
  if (heard.what != event_kind::refused) return;
  if (heard.why == refusal::hub_full) was_dropped_ = true;
  if (heard.asked == frame_kind::claim && heard.name == name_) name_.clear();
  if (heard.asked == frame_kind::subscribe)
    std::erase_if(topics_, [&](const kept& each) {
      return each.topic == heard.topic && each.unanswered == 0;
    });
}

/// Receives what has reached our kernel; false when that is nothing for now.
bool link::receive() {
  unread_.consume(std::exchange(taken_, 0));
  if (unread_.empty()) unread_.reset();
  if (unread_.has_block()) unread_.compact();
  auto& loop = *loop_;
  io::operation wanted;
  wanted.kind = io::operation_kind::receive_now;
  wanted.fd = socket_;
  if (unread_.has_block()) {
    wanted.data = unread_.tail().data();
    wanted.size = unread_.tail().size();
  }
  loop.begin(wanted);
  if (wanted.result == -EAGAIN) return false;
  if (wanted.result <= 0) {
    lose_hub();
  } else if (unread_.has_block()) {
    unread_.extend(static_cast<std::size_t>(wanted.result));
  } else {
    unread_ = lease(loop.buffers(), wanted.data, static_cast<std::size_t>(wanted.result));
  }
  return true;
}

/// With a client, a graceful stop ends it too.
task<> link::until_news(connection* until_stop) {
  io::awaited<io::operation> wait(*loop_);
  detail::ended_by_stop stop{&wait};
  wait_for_news(wait);
  listens_ = wait.kind == io::operation_kind::readable;
  if (until_stop != nullptr) until_stop->let_stop_end(stop);
  if (until_stop == nullptr || !until_stop->stop_requested()) static_cast<void>(co_await wait);
  if (until_stop != nullptr) until_stop->take_back(stop);
  listens_ = false;
}

task<result<event>> link::next() {
  for (;;) {
    auto heard = take();
    if (heard) co_return *heard;
    if (was_dropped_) co_return failure(EPIPE, "hub", "this link was dropped");
    if (!opened_) co_return failure(ENOTCONN, "hub", "the link was not opened");
    const auto& context = co_await this_context();
    if (context.cancelled) co_return failure(ECANCELED, "hub");
    co_await until_news();
  }
}

task<result<void>> link::wait_for_both(connection& client, connection* until_stop) {
  std::optional<result<std::size_t>> filled;
  const auto first = co_await first_of(fill(client, filled), until_news(until_stop));
  static_cast<void>(first);
  const auto& context = co_await this_context();
  if (context.cancelled) co_return failure(ECANCELED, "hub");
  const bool failed = filled && !*filled && !filled->error().is(ECANCELED);
  if (failed) co_return std::unexpected(filled->error());
  co_return result<void>{};
}

task<result<void>> link::wait_beside(connection& client) {
  if (take_progress() && has_news()) co_return result<void>{};
  co_return co_await wait_for_both(client, nullptr);
}

task<result<void>> link::wait_beside_or_stop(connection& client) {
  if (take_progress() && has_news()) co_return result<void>{};
  if (!client.unread().empty()) co_return co_await wait_for_both(client, nullptr);
  auto waited = co_await wait_for_both(client, &client);
  if (!waited || !client.stop_requested()) co_return waited;
  co_return stop_beside(client);
}

/// Bytes that have reached our kernel before this moment belong to a turn that has begun; they are
/// still answered.
result<void> link::stop_beside(connection& client) {
  if (!client.unread().empty() || news_reached_us()) return {};
  auto last = client.receive_now();
  if (last) {
    client.put_unread(std::move(*last));
    return {};
  }
  if (last.error().is(EAGAIN)) return failure(condition::stopping, "hub");
  return std::unexpected(last.error());
}

bool link::news_reached_us() {
  while (!has_news()) {
    if (socket_ < 0 || is_lost_ || was_dropped_ || !receive()) return false;
  }
  return true;
}

bool link::has_news() const noexcept {
  if (was_interrupted_ && socket_ >= 0 && !is_lost_) return true;
  const auto cut = first_frame(untaken());
  return !cut || cut->has_value();
}

bool link::take_progress() noexcept { return std::exchange(progressed_, false); }

void link::wait_for_news(io::operation& wait) noexcept {
  wait.state = io::operation_state::free;
  wait.started = false;
  wait.data = nullptr;
  wait.size = 0;
  wait.idle_ms = wait.allowance_ms = 0;
  wait.until = deadline::never();
  const bool reads = socket_ >= 0 && !is_lost_ && !was_dropped_;
  wait.kind = reads ? io::operation_kind::readable : io::operation_kind::sleep;
  wait.fd = socket_;
  if (!reads && !was_dropped_) wait.until = try_again_;
}

int link::watched_descriptor() const noexcept {
  const bool good = !was_interrupted_ && !is_lost_ && !was_dropped_;
  return good && untaken().empty() ? socket_ : -1;
}

}  // namespace samjoko::hub
