#pragma once
// Charter: what a link and the hub send to each other, as bytes: a length, a kind, flags, a topic,
// a name, a body. Pure. The bytes of the other side are not trusted: what does not fit is
// malformed, and ends that link.
//
//   4 bytes  length of what follows, least significant byte first
//   1 byte   kind        1 byte  flags
//   1 byte   length of the topic, the topic        1 byte  length of the name, the name
//   the rest is the body

#include <cstdint>
#include <optional>
#include <samjoko/base/bytes.hpp>
#include <samjoko/base/result.hpp>
#include <samjoko/hub/limits.hpp>
#include <string>
#include <string_view>

namespace samjoko::hub {

// NOLINTNEXTLINE(cert-int09-c): two rows of numbers, each counted up from its first
enum class frame_kind : std::uint8_t {
  // From a link to the hub.
  claim = 1,    ///< `name`: to be known by it; empty: to be known by none
  subscribe,    ///< to `topic`
  unsubscribe,  ///< from `topic`
  publish,      ///< `body` to `topic`
  tell,         ///< `body` to the link that has claimed `name`
  ask_members,  ///< of `topic`
  enter,        ///< `name` is the space whose names and topics this link sees; must come first
  // From the hub to a link.
  message = 32,  ///< `body` from `name` (may be empty); without a topic it is for this one alone
  joined,        ///< `name` subscribed to `topic`
  left,          ///< `name` has left it
  named,         ///< the claim of `name` holds
  subscribed,    ///< the subscription to `topic` holds
  members,  ///< of `topic`: names in `body`, each ended by LF; flag_more: another frame follows
  refused,  ///< flags: a refusal; topic and name as in what was asked, its kind as the body
  lost,     ///< here `body` (a decimal number) messages are missing: the reader was too slow
  dropped,  ///< the last frame: the reader was too slow for too long
};

/// Flags of `subscribe` and `publish`.
inline constexpr std::uint8_t flag_again = 1;          ///< renewed at a new hub: no `joined`
inline constexpr std::uint8_t flag_named_only = 2;     ///< refused for subscribers without a name
inline constexpr std::uint8_t flag_presence = 4;       ///< also report links that join and leave
inline constexpr std::uint8_t flag_not_to_me = 8;      ///< the publisher gets no copy
inline constexpr std::uint8_t flag_members_only = 16;  ///< refused unless subscribed
inline constexpr std::uint8_t flag_more = 32;

/// Why something was refused.
enum class refusal : std::uint8_t {
  name_taken = 1,   ///< another link has claimed the name
  bad_name,         ///< empty where one is needed, or too long
  bad_topic,        ///< empty or too long
  too_long,         ///< the message
  too_many_topics,  ///< for one subscriber
  hub_full,         ///< too many links
  no_name,          ///< of the sender, where one was asked for
  not_subscribed,   ///< the sender is not, where that was asked for
  nobody,           ///< no link has the name that was told
};

struct frame {
  frame_kind kind{};
  std::uint8_t flags = 0;
  std::string_view topic{};
  std::string_view name{};
  std::string_view body{};
};

/// The longest frame there is, with its length field.
inline constexpr std::size_t longest_frame = 4 + 4 + 2 * longest_text + longest_message;

/// Appends a frame. CHECKs that topic, name and body fit the format.
void append(std::string& to, const frame& what);

struct cut_frame {
  frame what;
  std::size_t size = 0;  ///< of the bytes that the frame took
};
/// The first frame of `from`, whose views are into `from`; nothing when the frame is not whole yet.
/// condition::malformed when it can never become one.
[[nodiscard]] result<std::optional<cut_frame>> first_frame(bytes from);

}  // namespace samjoko::hub
