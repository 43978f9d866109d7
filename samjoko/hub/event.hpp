#pragma once
// Charter: what a link receives from the hub, in the terms of a handler.

#include <cstdint>
#include <optional>
#include <samjoko/hub/frame.hpp>
#include <string_view>

namespace samjoko::hub {

enum class event_kind : std::uint8_t {
  message,      ///< `body` from `name` to `topic`; without a topic to this link alone
  joined,       ///< `name` subscribed to `topic`
  left,         ///< `name` is no longer subscribed to it
  named,        ///< this link is now known as `name`; empty: by no name
  subscribed,   ///< to `topic`
  members,      ///< of `topic`: each name in `body` is followed by LF; `more`: others follow
  refused,      ///< what was `asked` with `topic` and `name`, because of `why`
  lost,         ///< `count` messages are missing here: this client reads too slowly
  dropped,      ///< it read too slowly for too long: nothing more follows, nor behind hub_full
  interrupted,  ///< the hub had to be started again: messages may be missing
};

/// The views are valid until the link is used again.
struct event {
  event_kind what{};
  std::string_view topic{};
  std::string_view name{};
  std::string_view body{};
  frame_kind asked{};  ///< for refused
  refusal why{};       ///< for refused
  bool more = false;
  std::uint64_t count = 0;
};

/// Nothing for a kind that a link does not understand: that of a newer hub.
[[nodiscard]] std::optional<event> event_of(const frame& said);

}  // namespace samjoko::hub
