#pragma once
// Charter: the limits of a hub: of every queue, text and wait in it. The defaults suit a chat.

#include <cstddef>
#include <cstdint>
#include <samjoko/base/deadline.hpp>

namespace samjoko::hub {

/// A frame is read in one block of the loop, so a message can be no longer than this.
inline constexpr std::size_t longest_message = 12 * 1024;
/// The length of a topic and of a name is one byte of a frame.
inline constexpr std::size_t longest_text = 255;

struct limits {
  std::size_t topic_length = 64;           ///< bytes; at most longest_text
  std::size_t name_length = 64;            ///< bytes; at most longest_text
  std::size_t message_size = 4096;         ///< bytes; at most longest_message
  std::size_t topics_per_subscriber = 16;  ///< one more is refused
  std::size_t subscribers = 65'536;        ///< links in all; one more is refused and closed
  std::size_t queue_messages = 256;        ///< that wait in the hub for one subscriber
  std::size_t queue_bytes = 256 * 1024;    ///< likewise
  /// How long a publisher waits at most, each time, for subscribers whose queue is full.
  milliseconds publisher_wait{1000};
  /// A subscriber whose queue has not been half empty for so long is dropped.
  milliseconds slow_for{10'000};
  /// How long a hub that was started again keeps names for the links that had them before: a link
  /// that claims a name for the first time waits.
  milliseconds name_grace{2000};
};

}  // namespace samjoko::hub
