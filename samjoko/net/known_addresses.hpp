#pragma once
// Charter: the last good answer to a host's name, in memory that processes share. Lock-free: a
// process that writes it may be killed at any instant, and bytes that another process wrote are
// checked before they are used. The port is not kept: it comes with the question.

#include <array>
#include <atomic>
#include <cstdint>
#include <samjoko/base/deadline.hpp>
#include <samjoko/os/address.hpp>
#include <vector>

namespace samjoko {

class known_addresses {
 public:
  static constexpr std::size_t most = 8;  ///< of one answer; the rest are left out

  /// Whether the caller is to look the name up now: the answer is too old, or the last try failed a
  /// while ago. Answered to one caller at a time, which has `time` for it.
  [[nodiscard]] bool claim(steady::time_point now, milliseconds time) noexcept;
  /// Stores a good answer; the next is wanted after `every`.
  void put(const std::vector<os::address>& found, steady::time_point now,
           milliseconds every) noexcept;
  /// There was no answer, for this reason (error.hpp): the next try is after `pause`.
  void put_off(steady::time_point now, milliseconds pause, int reason) noexcept;
  /// Why the last try failed; 0 while one is under way and after a good answer.
  [[nodiscard]] int failed() const noexcept { return failed_.load(); }

  /// The last good answer with that port; empty when there is none.
  [[nodiscard]] std::vector<os::address> get(unsigned port) const;

 private:
  /// An address in words: its family, and 16 bytes.
  static constexpr std::size_t words_each = 3;
  struct answer {
    std::array<std::atomic<std::uint64_t>, 1 + most * words_each> words{};  ///< how many, then they
    std::atomic<std::uint64_t> seal{0};  ///< made of the words; a torn answer has a different one
  };

  static std::uint64_t seal_of(const answer& of, std::size_t count) noexcept;

  std::atomic<std::int64_t> due_ms_{0};  ///< on the steady clock; from then on it may be claimed
  std::atomic<int> failed_{0};
  std::atomic<std::uint64_t> generation_{0};  ///< 0: none; its last bit says where the answer lies
  std::array<answer, 2> answers_{};
};

}  // namespace samjoko
