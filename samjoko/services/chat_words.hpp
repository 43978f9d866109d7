#pragma once
// Charter: what a chat client is told of an event of the hub, as lines of text. A line begins with
// `*` for news, `!` for an error, `<NAME>` for what was said to the room, `-NAME-` for what was
// said to this client alone.

#include <samjoko/hub/link.hpp>
#include <string>

namespace samjoko::services {

/// Appends whole lines, or nothing.
void append_words(std::string& to, const hub::event& heard);
/// Appends why something could not be handed to the hub.
void append_words(std::string& to, const error& wrong);

}  // namespace samjoko::services
