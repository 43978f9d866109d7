#include <samjoko/services/chat_words.hpp>

#include <fmt/format.h>

#include <cerrno>
#include <iterator>
#include <samjoko/base/counted.hpp>

namespace samjoko::services {
namespace {

using hub::event;
using hub::event_kind;
using hub::frame_kind;
using hub::refusal;

std::string_view reason_of(const event& refused) {
  switch (refused.why) {
    case refusal::name_taken: return "is taken: choose another name";
    case refusal::bad_name: return "is too long for a name";
    case refusal::bad_topic: return "is too long for a room";
    case refusal::too_long: return "that is too long to be passed on";
    case refusal::too_many_topics: return "you are in too many rooms";
    case refusal::hub_full: return "there are too many of us: come again later";
    case refusal::no_name: return "say who you are first: /nick NAME";
    case refusal::not_subscribed: return "you are in no room: /join ROOM";
    case refusal::nobody: return "is nobody here";
  }
  return "that was refused";
}

void append_refusal(std::string& to, const event& refused) {
  const bool is_about_name = refused.asked == frame_kind::claim || refused.why == refusal::nobody;
  const bool is_about_room = refused.why == refusal::bad_topic;
  const auto what = is_about_name ? refused.name : is_about_room ? refused.topic : "";
  fmt::format_to(std::back_inserter(to), "! {}{}{}\n", what, what.empty() ? "" : " ",
                 reason_of(refused));
}

void append_members(std::string& to, const event& listed) {
  fmt::format_to(std::back_inserter(to), "* in {}:", listed.topic);
  for (auto rest = listed.body; !rest.empty();) {
    const auto end = std::min(rest.find('\n'), rest.size());
    fmt::format_to(std::back_inserter(to), " {}", rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  to += '\n';
}

}  // namespace

void append_words(std::string& to, const event& heard) {
  const auto end = std::back_inserter(to);
  switch (heard.what) {
    case event_kind::message:
      if (heard.topic.empty()) {
        fmt::format_to(end, "-{}- {}\n", heard.name, heard.body);
      } else {
        fmt::format_to(end, "<{}> {}\n", heard.name, heard.body);
      }
      break;
    case event_kind::joined: fmt::format_to(end, "* {} is here\n", heard.name); break;
    case event_kind::left: fmt::format_to(end, "* {} has left\n", heard.name); break;
    case event_kind::named: fmt::format_to(end, "* you are {}\n", heard.name); break;
    case event_kind::subscribed: fmt::format_to(end, "* you are in {}\n", heard.topic); break;
    case event_kind::members: append_members(to, heard); break;
    case event_kind::refused: append_refusal(to, heard); break;
    case event_kind::lost:
      fmt::format_to(end, "! {} missing here: you read too slowly\n",
                     heard.count == 1 ? "1 message is" : counted(heard.count, "message") + " are");
      break;
    case event_kind::dropped: to += "! you read too slowly: goodbye\n"; break;
    case event_kind::interrupted:
      to += "! the hub was started again: messages may be missing\n";
      break;
  }
}

void append_words(std::string& to, const error& wrong) {
  if (wrong.is(condition::too_long)) {
    to += "! that is too long to be passed on\n";
  } else if (wrong.is(EAGAIN)) {
    to += "! not done: the hub cannot be reached now; try again later\n";
  } else {
    fmt::format_to(std::back_inserter(to), "! not done: {}\n", reason(wrong.code()));
  }
}

}  // namespace samjoko::services
