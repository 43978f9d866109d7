// What one client sends all other clients get, in whatever worker and model they are served. Try it
// with two terminals: shout --listen :7000, and nc localhost 7000 in each.
#include <samjoko/samjoko.hpp>
#include <string>

namespace {

struct member {
  samjoko::hub::link line;
};

/// The line for an event; empty: nothing.
std::string words_of(const samjoko::hub::event& heard) {
  using samjoko::hub::event_kind;
  switch (heard.what) {
    case event_kind::message: return std::string(heard.body);
    case event_kind::lost:
      return "! you read too slowly: " + std::to_string(heard.count) + " missed\n";
    case event_kind::dropped: return "! you read too slowly: goodbye\n";
    case event_kind::interrupted: return "! something may be missing here\n";
    case event_kind::refused: return "! that was not passed on (too long?)\n";
    default: return {};
  }
}

samjoko::task<samjoko::next> shout(samjoko::connection& client, member& who) {
  if (!who.line.is_open()) {
    if (!who.line.open(client)) co_return samjoko::next::close;
    const auto asked = co_await who.line.subscribe("all");
    if (!asked) co_return samjoko::next::close;
  }
  while (auto heard = who.line.take()) {  // what has come, without waiting
    const bool is_last = heard->what == samjoko::hub::event_kind::dropped;
    const auto words = words_of(*heard);
    const auto written = co_await client.write(words);
    if (!written || is_last) co_return samjoko::next::close;
  }
  const auto came = client.unread();
  const auto part = samjoko::as_text(came).substr(0, 4096);  // --max-message
  if (!part.empty()) {
    const auto said = co_await who.line.publish("all", part, {.not_to_me = true});
    if (!said) co_return samjoko::next::close;
    client.consume(part.size());
  }
  co_return samjoko::next::keep;  // until the next byte, or the next message
}

}  // namespace

int main(int argc, char** argv) {
  return samjoko::run(
      argc, argv,
      {.name = "shout", .handler = shout, .server_speaks_first = true, .uses_hub = true});
}
