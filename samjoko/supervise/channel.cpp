#include <samjoko/supervise/channel.hpp>

#include <span>
#include <utility>

#include <samjoko/base/check.hpp>
#include <samjoko/os/packet_pair.hpp>

namespace samjoko::supervise {
namespace {

struct wire_form {
  std::uint16_t version;
  std::uint16_t kind;
  std::uint32_t value;
};
static_assert(sizeof(wire_form) == 8, "no padding on the line");

}  // namespace

result<channel::both_ends> channel::open() {
  auto ends = os::open_packet_pair();
  if (!ends) return failure_of(ends);
  return both_ends{channel(std::move(ends->first)), channel(std::move(ends->second))};
}

result<void> channel::send(message what, int attached) const {
  SAMJOKO_CHECK(is_open(), "a closed channel is not sent to");
  const wire_form form{version, static_cast<std::uint16_t>(what.kind), what.value};
  return os::send_packet(end_, std::as_bytes(std::span(&form, 1)), attached);
}

result<std::optional<received>> channel::receive(os::attached_too what) const {
  SAMJOKO_CHECK(is_open(), "a closed channel is not read");
  wire_form form = {};
  auto packet = os::receive_packet(end_, std::as_writable_bytes(std::span(&form, 1)), what);
  if (!packet) return failure_of(packet);
  if (!*packet) return std::nullopt;
  auto& got = **packet;
  if (got.size != sizeof form || got.cut || form.version != version) {
    return failure(condition::malformed, "channel message");
  }
  return received{{static_cast<message_kind>(form.kind), form.value},
                  std::move(got.attached),
                  got.lost_descriptor};
}

}  // namespace samjoko::supervise
