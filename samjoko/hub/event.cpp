#include <samjoko/hub/event.hpp>

#include <charconv>

namespace samjoko::hub {

std::optional<event> event_of(const frame& said) {
  event heard{.topic = said.topic, .name = said.name, .body = said.body};
  switch (said.kind) {
    case frame_kind::message: heard.what = event_kind::message; break;
    case frame_kind::joined: heard.what = event_kind::joined; break;
    case frame_kind::left: heard.what = event_kind::left; break;
    case frame_kind::named: heard.what = event_kind::named; break;
    case frame_kind::subscribed: heard.what = event_kind::subscribed; break;
    case frame_kind::members:
      heard.what = event_kind::members;
      heard.more = (said.flags & flag_more) != 0;
      break;
    case frame_kind::refused:
      heard.what = event_kind::refused;
      heard.why = static_cast<refusal>(said.flags);
      heard.asked = said.body.empty() ? frame_kind{} : static_cast<frame_kind>(said.body.front());
      break;
    case frame_kind::lost:
      heard.what = event_kind::lost;
      std::from_chars(said.body.data(), said.body.data() + said.body.size(), heard.count);
      break;
    case frame_kind::dropped: heard.what = event_kind::dropped; break;
    default: return std::nullopt;
  }
  return heard;
}

}  // namespace samjoko::hub
