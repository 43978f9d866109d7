#include <samjoko/services/chat.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <samjoko/base/check.hpp>
#include <samjoko/services/chat_line.hpp>
#include <samjoko/services/chat_rate.hpp>
#include <samjoko/services/chat_words.hpp>
#include <vector>

namespace samjoko::services {
namespace {

constexpr std::string_view greeting =
    "* welcome: /nick NAME, then /join ROOM; /help lists the commands\n";
/// How much is gathered before it is written, and how much of events before the client's own lines.
constexpr std::size_t words_at_once = 8192;
constexpr int events_at_once = 256;
constexpr std::string_view too_long = "! that line is too long\n";

struct member {
  hub::link line;
  std::string nickname;  ///< as the hub has confirmed it
  std::string room;      ///< that was asked for last
  bool is_in_room = false;
  bool skips = false;        ///< the rest of a line that was too long
  bool is_too_fast = false;  ///< and was told so
  chat_rate rate;
  std::vector<std::string> joining;  ///< rooms that were asked for, without an answer yet
};

/// An answer to a /join has come. A room may be asked for again before the first answer.
void note_answer(member& who, std::string_view room) {
  const auto asked = std::ranges::find(who.joining, room);
  if (asked != who.joining.end()) who.joining.erase(asked);
}

/// The refusal counts only if the room was not asked for again meanwhile.
bool is_last_word(const member& who, std::string_view room) {
  return room == who.room && !who.is_in_room &&
         std::ranges::find(who.joining, room) == who.joining.end();
}

/// Applies an event to the member's state, and appends what the member is told of it.
void hear(member& who, const hub::event& heard, std::string& words) {
  using hub::event_kind;
  switch (heard.what) {
    case event_kind::named:
      if (heard.name == who.nickname) return;  // sent again to a new hub
      who.nickname = heard.name;
      break;
    case event_kind::subscribed:
      note_answer(who, heard.topic);
      if (heard.topic != who.room || std::exchange(who.is_in_room, true)) return;
      break;
    case event_kind::refused:
      if (heard.asked == hub::frame_kind::unsubscribe) return;  // it was not in the room
      if (heard.asked == hub::frame_kind::subscribe) {
        note_answer(who, heard.topic);
        if (is_last_word(who, heard.topic)) who.room.clear();
      }
      if (heard.asked == hub::frame_kind::claim && heard.name == who.nickname) who.nickname.clear();
      break;
    case event_kind::message:
    case event_kind::joined:
    case event_kind::left:
      if (!heard.topic.empty() && heard.topic != who.room) return;  // of a room that it left
      break;
    case event_kind::interrupted: who.joining.clear(); break;  // the link asks again
    default: break;
  }
  append_words(words, heard);
}

/// False when nothing more will come.
task<bool> pass_on_news(connection& client, member& who, std::string& words) {
  for (int count = 0; count < events_at_once; ++count) {
    const auto heard = who.line.take();
    if (!heard) co_return true;
    hear(who, *heard, words);
    const bool was_last =
        heard->what == hub::event_kind::dropped ||
        (heard->what == hub::event_kind::refused && heard->why == hub::refusal::hub_full);
    if (was_last) co_return false;
    if (words.size() < words_at_once) continue;
    const auto written = co_await client.write(words);
    words.clear();
    if (!written) co_return false;
  }
  co_return true;
}

task<result<void>> change_room(member& who, std::string_view room) {
  if (room == who.room && (room.empty() || who.is_in_room)) co_return result<void>{};
  const auto left = std::exchange(who.room, std::string(room));
  who.is_in_room = false;
  if (!left.empty() && left != room) {
    auto done = co_await who.line.unsubscribe(left);
    if (!done) co_return done;
  }
  if (room.empty()) co_return result<void>{};
  who.joining.emplace_back(room);
  const hub::subscribe_options how{.presence = true, .named_only = true};
  auto done = co_await who.line.subscribe(room, how);
  co_return done;
}

task<result<void>> do_line(member& who, const chat_line& said, std::string& words) {
  const hub::publish_options to_others{.not_to_me = true, .members_only = true, .named_only = true};
  const bool needs_room = said.what == chat_wish::say || said.what == chat_wish::who;
  if (needs_room && who.room.empty()) {
    words += "! you are in no room: /join ROOM\n";
    co_return result<void>{};
  }
  switch (said.what) {
    case chat_wish::say: co_return co_await who.line.publish(who.room, said.text, to_others);
    case chat_wish::nick: co_return co_await who.line.claim(said.word);
    case chat_wish::join: co_return co_await change_room(who, said.word);
    case chat_wish::tell:
      co_return co_await who.line.tell(said.word, said.text, {.named_only = true});
    case chat_wish::who: co_return co_await who.line.ask_members(who.room);
    case chat_wish::leave:
      words += who.room.empty() ? "! you are in no room\n" : "* you have left " + who.room + "\n";
      co_return co_await change_room(who, {});
    case chat_wish::help: words += chat_help(); break;
    case chat_wish::wrong: fmt::format_to(std::back_inserter(words), "! {}\n", said.text); break;
    case chat_wish::nothing:
    case chat_wish::quit: break;
  }
  co_return result<void>{};
}

std::string_view next_line(const connection& client) noexcept {
  const auto text = as_text(client.unread());
  return text.substr(0, text.find('\n') + 1);  // nothing when there is no end: npos + 1 is 0
}

/// Refuses a line that is too long once, and skips it to its end, in however many pieces it comes.
void skip_long_line(connection& client, member& who, std::string& words, std::size_t limit) {
  const auto rest = client.unread().size();
  if (!who.skips && rest < limit) return;
  if (!std::exchange(who.skips, true)) words += too_long;
  client.consume(rest);
}

/// Says so once, until a line is allowed again: an answer to each line would be a flood of its own.
bool is_too_fast(connection& client, member& who, std::string& words, std::uint32_t rate) {
  const bool was_told = who.is_too_fast;
  who.is_too_fast = !who.rate.allows(rate, client.loop().now());
  if (who.is_too_fast && !was_told)
    fmt::format_to(std::back_inserter(words),
                   "! you are too fast: more than {} lines a second are not heard\n", rate);
  return who.is_too_fast;
}

/// Handles all whole lines that have come. False when the client is to leave.
task<bool> do_lines(connection& client, member& who, std::string& words,
                    const chat_options& bounds) {
  for (auto line = next_line(client); !line.empty(); line = next_line(client)) {
    const auto size = line.size();
    if (std::exchange(who.skips, false)) {
      client.consume(size);
      continue;
    }
    chat_line said{};
    if (size <= bounds.line_limit) {
      line.remove_suffix(line.ends_with("\r\n") ? 2 : 1);
      said = understand(line);
    } else {
      words += too_long;
    }
    if (said.what != chat_wish::quit && is_too_fast(client, who, words, bounds.lines_per_second))
      said = {};
    const auto done = co_await do_line(who, said, words);
    if (!done) append_words(words, done.error());
    client.consume(size);
    if (said.what == chat_wish::quit) {
      words += "* goodbye\n";
      co_return false;
    }
  }
  skip_long_line(client, who, words, bounds.line_limit);
  co_return true;
}

/// No room can have this name (chat_name.hpp).
constexpr std::string_view fence = ".last";

/// The client has finished sending: what is left is its last line, and it gets the answers to all
/// that it sent. The hub answers in order, so the answer to one more question comes behind the
/// others.
task<> finish(connection& client, member& who, std::string& words, std::size_t limit) {
  if (!client.unread().empty() && !who.skips) {
    const std::string line(as_text(client.unread()).substr(0, limit));
    const auto done = co_await do_line(who, understand(line), words);
    if (!done) append_words(words, done.error());
  }
  client.consume(client.unread().size());
  const auto asked = co_await who.line.ask_members(fence);
  while (asked) {
    const auto heard = co_await who.line.next();
    if (!heard || heard->topic == fence || heard->what == hub::event_kind::interrupted) break;
    hear(who, *heard, words);
    if (words.size() < words_at_once) continue;
    const auto written = co_await client.write(words);
    words.clear();
    if (!written) break;
  }
}

task<next> take_turn(connection& client, member& who, const chat_options& bounds) {
  std::string words;
  if (!who.line.is_open()) {
    const auto opened = who.line.open(client);
    if (!opened) {
      append_words(words, opened.error());
      const auto written = co_await client.write(words);
      static_cast<void>(written);
      co_return next::close;
    }
    words += greeting;
  }
  bool stays = co_await pass_on_news(client, who, words);
  if (stays) stays = co_await do_lines(client, who, words, bounds);
  if (stays && client.peer_has_finished()) {
    co_await finish(client, who, words, bounds.line_limit);
    stays = false;
  } else if (stays && client.was_silent_too_long()) {
    words += "! nothing came from you for too long: goodbye\n";
    stays = false;
  } else if (stays && client.stop_requested()) {
    words += "* the server stops: goodbye\n";
    stays = false;
  }
  const auto written = co_await client.write(words);
  co_return written&& stays ? next::keep : next::close;
}

}  // namespace

service chat(chat_options options) {
  SAMJOKO_CHECK(options.line_limit <= connection::longest_text, "a line waits in one block");
  return {.name = "chat",
          .handler = [options](connection& client,
                               member& who) { return take_turn(client, who, options); },
          .server_speaks_first = true,
          .notify_on_stop = true,
          .uses_hub = true};
}

}  // namespace samjoko::services
