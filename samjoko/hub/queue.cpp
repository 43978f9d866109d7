#include <samjoko/hub/queue.hpp>

#include <samjoko/base/check.hpp>
#include <samjoko/hub/frame.hpp>
#include <utility>

namespace samjoko::hub {
namespace {

/// How many places are kept for the next messages; more is freed when the queue has been emptied.
constexpr std::size_t kept_places = 64;

shared_frame frame_of(const frame& what) {
  std::string text;
  append(text, what);
  return std::make_shared<const std::string>(std::move(text));
}

}  // namespace

bool queue::asks_to_wait(moment now) noexcept {
  if (state_ == queue_state::dropped || lost_ > 0 || !fills(1)) return false;
  if (state_ == queue_state::ok) {
    state_ = queue_state::filling;
    full_since_ = now;
  }
  return now - full_since_ < limits_.publisher_wait;
}

void queue::put(const shared_frame& message, moment now) {
  if (state_ == queue_state::dropped) return;
  if (lost_ == 0 && !fills(1)) return push(message);
  if (state_ == queue_state::ok) full_since_ = now;
  state_ = queue_state::filling;
  ++lost_;
}

void queue::put_answer(shared_frame answer) {
  if (state_ != queue_state::dropped) push(std::move(answer));
}

void queue::push(shared_frame item) {
  bytes_ += item->size();
  items_.push_back(std::move(item));
}

std::size_t queue::front(std::span<iovec> room) const noexcept {
  std::size_t count = 0;
  auto skipped = sent_of_first_;
  for (auto at = first_; at < items_.size() && count < room.size(); ++at) {
    const auto& text = *items_[at];
    room[count++] = {.iov_base = const_cast<char*>(text.data()) + skipped,
                     .iov_len = text.size() - skipped};
    skipped = 0;
  }
  return count;
}

void queue::sent(std::size_t count) noexcept {
  SAMJOKO_CHECK(count <= bytes_, "more was sent than there was");
  bytes_ -= count;
  count += std::exchange(sent_of_first_, 0);
  while (first_ < items_.size() && count >= items_[first_]->size()) {
    count -= items_[first_]->size();
    items_[first_++].reset();
  }
  sent_of_first_ = count;
  if (first_ == items_.size()) {
    items_.clear();
    first_ = 0;
    if (items_.capacity() > kept_places) items_.shrink_to_fit();
  } else if (first_ >= kept_places && first_ * 2 > items_.size()) {
    items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
}

void queue::look_at_state(moment now) {
  if (state_ == queue_state::ok && is_overfull()) {
    state_ = queue_state::filling;
    full_since_ = now;
  }
  if (state_ != queue_state::filling) return;
  const bool half_empty =
      messages() * 2 <= limits_.queue_messages && bytes_ * 2 <= limits_.queue_bytes;
  if (half_empty) {
    state_ = queue_state::ok;
    say_what_is_lost();
  } else if (now - full_since_ >= limits_.slow_for) {
    drop();
  }
}

deadline queue::due() const noexcept {
  if (state_ != queue_state::filling) return deadline::never();
  return deadline(full_since_ + limits_.slow_for);
}

void queue::say_what_is_lost() {
  if (lost_ == 0) return;
  const auto count = std::to_string(std::exchange(lost_, 0));
  push(frame_of({.kind = frame_kind::lost, .body = count}));
}

/// A message of which a part is out has to be finished, else the reader could not parse what
/// follows.
void queue::drop() {
  state_ = queue_state::dropped;
  const auto keep_from = first_ + (sent_of_first_ > 0 ? 1 : 0);
  for (auto at = keep_from; at < items_.size(); ++at) {
    bytes_ -= items_[at]->size();
    ++lost_;
  }
  items_.resize(keep_from);
  say_what_is_lost();
  push(frame_of({.kind = frame_kind::dropped}));
}

}  // namespace samjoko::hub
