#include <samjoko/postmortem/death_ring.hpp>

#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace samjoko::postmortem {
namespace {

constexpr std::uint64_t state_bits = 2;
constexpr std::uint64_t state_mask = 3;

template <class State>
std::uint64_t word_of(std::uint64_t number, State is) noexcept {
  return number << state_bits | static_cast<std::uint64_t>(is);
}

/// Makes a byte that another process wrote true or false, and nothing else.
void make_true_or_false(bool& of) noexcept {
  unsigned char byte = 0;
  std::memcpy(&byte, static_cast<const void*>(&of), 1);
  of = byte != 0;
}

/// Any process of the program may have written the record, also one that an attacker controls.
void believe_less(death_record& found) noexcept {
  for (auto* each :
       {&found.exited, &found.core_dumped, &found.has_fault_address, &found.stack_overflow,
        &found.has_sender_user, &found.was_running, &found.memory.known, &found.memory.own})
    make_true_or_false(*each);
  if (found.exited || (found.signal >= 1 && found.signal <= 64)) return;
  found.cause = death_cause::unknown;
  found.sure = certainty::unknown;
  found.message.assign("(this record contradicts itself: no signal and no exit code ended it)");
}

}  // namespace

result<death_ring> death_ring::make(std::size_t room) {
  auto cells = os::shared_cells<cell>::make(room + 1);
  if (!cells) return failure_of(cells);
  death_ring made;
  made.cells_ = std::move(*cells);
  return made;
}

death_ring::head& death_ring::top() const noexcept {
  static_assert(sizeof(head) <= sizeof(cell) && alignof(head) <= alignof(cell));
  return *reinterpret_cast<head*>(cells_.cells().data());
}

// Another process may write meanwhile: words are copied one by one, and the copy counts only when
// the place's own word is the same before and after (a sequence lock).
std::optional<death_record> death_ring::read(const cell& from, std::uint64_t word) {
  std::array<std::uint64_t, std::tuple_size_v<decltype(cell::words)>> copy;
  for (std::size_t i = 0; i < copy.size(); ++i)
    copy[i] = std::atomic_ref(const_cast<cell&>(from).words[i]).load(std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_acquire);
  if (from.word.load(std::memory_order_relaxed) != word) return std::nullopt;
  death_record found;
  std::memcpy(static_cast<void*>(&found), copy.data(), sizeof found);
  believe_less(found);
  found.sequence = word >> state_bits;
  return found;
}

void death_ring::write(cell& to, const death_record& what) noexcept {
  std::array<std::uint64_t, std::tuple_size_v<decltype(cell::words)>> copy{};
  std::memcpy(copy.data(), &what, sizeof what);
  std::atomic_thread_fence(std::memory_order_release);
  for (std::size_t i = 0; i < copy.size(); ++i)
    std::atomic_ref(to.words[i]).store(copy[i], std::memory_order_relaxed);
}

std::uint64_t death_ring::append(const death_record& added, telling told,
                                 const std::function<void(const death_record&)>& on_forgotten) {
  if (cells_.size() == 0) return 0;
  const auto writing = word_of(static_cast<std::uint64_t>(::getpid()), state::writing);
  for (std::size_t tried = 0; tried < places().size(); ++tried) {
    const auto number = top().next.fetch_add(1);
    auto& place = places()[number % places().size()];
    auto word = place.word.load(std::memory_order_acquire);
    const auto was = static_cast<state>(word & state_mask);
    if (was == state::writing) continue;  // another process writes there, or died while it did
    const auto old = was == state::waits ? read(place, word) : std::nullopt;
    if (!place.word.compare_exchange_strong(word, writing)) continue;
    if (old && on_forgotten) on_forgotten(*old);
    auto record = added;
    record.sequence = number + 1;
    write(place, record);
    place.word.store(word_of(record.sequence, told == telling::waits ? state::waits : state::told),
                     std::memory_order_release);
    return record.sequence;
  }
  return 0;
}

std::optional<death_record> death_ring::first_waiting() const {
  std::optional<death_record> first;
  const auto used = std::min<std::uint64_t>(count(), cells_.size() == 0 ? 0 : places().size());
  if (used == 0) return first;
  for (auto& place : places().first(used)) {
    auto word = place.word.load(std::memory_order_acquire);
    if (static_cast<state>(word & state_mask) != state::waits) continue;
    // A number that belongs to another place is forged: settle() could never find it.
    const auto number = word >> state_bits;
    if (number == 0 || &places()[(number - 1) % places().size()] != &place) {
      place.word.compare_exchange_strong(word, 0);
      continue;
    }
    if (first && first->sequence <= word >> state_bits) continue;
    if (auto found = read(place, word)) first = found;
  }
  return first;
}

bool death_ring::settle(std::uint64_t sequence, const death_record& told) {
  if (sequence == 0 || cells_.size() == 0) return false;
  auto& place = places()[(sequence - 1) % places().size()];
  auto word = word_of(sequence, state::waits);
  const auto writing = word_of(static_cast<std::uint64_t>(::getpid()), state::writing);
  if (!place.word.compare_exchange_strong(word, writing)) return false;
  auto record = told;
  record.sequence = sequence;
  write(place, record);
  place.word.store(word_of(sequence, state::told), std::memory_order_release);
  return true;
}

void death_ring::for_each(const std::function<void(const death_record&)>& each) const {
  look_through(false, each);
}

void death_ring::for_each_told(const std::function<void(const death_record&)>& each) const {
  look_through(true, each);
}

void death_ring::look_through(bool told_only,
                              const std::function<void(const death_record&)>& each) const {
  if (cells_.size() == 0) return;
  const auto end = top().next.load();
  const auto room = static_cast<std::uint64_t>(places().size());
  for (auto number = end - std::min(end, room); number < end; ++number) {
    const auto& place = places()[number % room];
    const auto word = place.word.load(std::memory_order_acquire);
    const auto is = static_cast<state>(word & state_mask);
    if (is != state::told && (told_only || is != state::waits)) continue;
    if (word >> state_bits != number + 1) continue;
    if (const auto found = read(place, word)) each(*found);
  }
}

std::vector<death_record> death_ring::all() const {
  std::vector<death_record> found;
  for_each([&found](const death_record& each) { found.push_back(each); });
  return found;
}

std::uint64_t death_ring::count() const noexcept {
  return cells_.size() == 0 ? 0 : top().next.load();
}

void death_ring::free_held_by(pid_t writer) noexcept {
  if (cells_.size() == 0) return;
  const auto writing = word_of(static_cast<std::uint64_t>(writer), state::writing);
  for (auto& place : places()) {
    auto word = writing;
    place.word.compare_exchange_strong(word, 0);
  }
}

std::atomic<std::uint64_t>* death_ring::told_as_out_of_memory() const noexcept {
  return cells_.size() == 0 ? nullptr : &top().out_of_memory;
}

}  // namespace samjoko::postmortem
