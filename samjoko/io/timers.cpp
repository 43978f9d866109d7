#include <samjoko/io/timers.hpp>

#include <algorithm>

namespace samjoko::io {

void operation_list::append(operation& item) noexcept {
  item.next = nullptr;
  item.previous = last_;
  (last_ == nullptr ? first_ : last_->next) = &item;
  last_ = &item;
}

void operation_list::remove(operation& item) noexcept {
  (item.previous == nullptr ? first_ : item.previous->next) = item.next;
  (item.next == nullptr ? last_ : item.next->previous) = item.previous;
  item.next = item.previous = nullptr;
}

steady::time_point timers::due_of(operation& pending, steady::time_point now,
                                  steady::duration lag) noexcept {
  if (pending.allowance_ms != 0) {
    const deadline whole(now + lag + milliseconds(pending.allowance_ms));
    pending.until = std::min(pending.until, whole);
    pending.allowance_ms = 0;
  }
  if (pending.idle_ms == 0) return pending.until.at();
  return std::min(pending.until.at(), now + lag + milliseconds(pending.idle_ms));
}

void timers::add(operation& pending) noexcept {
  if (pending.due == steady::time_point::max()) return;
  // An operation that is due already is filed where expire() looks next.
  pending.due =
      std::max(pending.due, steady::time_point(tick * static_cast<std::int64_t>(visited_)));
  const auto slot = tick_of(pending.due) % slots;
  wheel_[slot].append(pending);
  occupied_[slot / 64] |= std::uint64_t{1} << (slot % 64);
  words_ |= std::uint64_t{1} << (slot / 64);
  ++count_;
}

void timers::remove(operation& pending) noexcept {
  if (pending.due == steady::time_point::max()) return;
  const auto slot = tick_of(pending.due) % slots;
  wheel_[slot].remove(pending);
  --count_;
  if (wheel_[slot].empty()) occupied_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
}

deadline timers::next() noexcept {
  if (count_ == 0) return deadline::never();
  const auto begin = visited_ % slots;
  auto word = begin / 64;
  auto bits = occupied_[word] & ~std::uint64_t{0} << (begin % 64);
  while (bits == 0) {
    // The words behind, then round to the first ones; of this one only what is before `begin`.
    const auto behind = words_ >> (word + 1) << (word + 1);
    const auto found = static_cast<std::size_t>(std::countr_zero(behind != 0 ? behind : words_));
    bits = occupied_[found];
    if (bits == 0) {
      words_ &= ~(std::uint64_t{1} << found);
    } else {
      word = found;
    }
  }
  const auto slot = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
  const auto ahead = (slot + slots - begin) % slots;
  return deadline(steady::time_point(tick * static_cast<std::int64_t>(visited_ + ahead + 1)));
}

}  // namespace samjoko::io
