#include <samjoko/hub/broker.hpp>

#include <algorithm>
#include <utility>

namespace samjoko::hub {
namespace {

/// A list of members comes in frames of about this size.
constexpr std::size_t members_per_frame = 4096;

shared_frame share(const frame& what) {
  std::string text;
  append(text, what);
  return std::make_shared<const std::string>(std::move(text));
}

bool has(std::uint8_t flags, std::uint8_t flag) noexcept { return (flags & flag) != 0; }

}  // namespace

broker::verdict broker::take(member& from, const frame& said, moment now, bool may_wait) {
  if (said.kind == frame_kind::enter) return enter(from, said.name);
  if (from.in == nullptr) put_into(from, {});
  switch (said.kind) {
    case frame_kind::claim: return claim(from, said, now, may_wait);
    case frame_kind::subscribe: return subscribe(from, said, now, may_wait);
    case frame_kind::unsubscribe: unsubscribe(from, said, now); return verdict::done;
    case frame_kind::publish: return publish(from, said, now, may_wait);
    case frame_kind::tell: return tell(from, said, now, may_wait);
    case frame_kind::ask_members: list_members(from, said); return verdict::done;
    default: return verdict::malformed;
  }
}

/// Allowed only as the first frame of a link, and only once.
broker::verdict broker::enter(member& from, std::string_view name) {
  if (from.in != nullptr) return verdict::malformed;
  put_into(from, name);
  return verdict::done;
}

void broker::put_into(member& from, std::string_view space_name) {
  auto found = spaces_.find(space_name);
  if (found == spaces_.end()) {
    const std::string name(space_name);
    found = spaces_.emplace(name, std::make_unique<space>()).first;
    found->second->name = name;
  }
  from.in = found->second.get();
  ++from.in->members;
}

/// Whether a subscriber (or one that asked for presence) has a full queue worth waiting for.
bool broker::is_full(const topic& of, const member* left_out, bool for_presence, moment now) {
  return std::ranges::any_of(of.all, [&](const subscription& each) {
    return each.who != left_out && (each.wants_presence || !for_presence) &&
           each.who->out.asks_to_wait(now);
  });
}

broker::verdict broker::claim(member& from, const frame& said, moment now, bool may_wait) {
  const auto name = said.name;
  const auto refused = [&](refusal why) {
    refuse(from, why, said);
    return verdict::done;
  };
  if (name.size() > limits_.name_length) return refused(refusal::bad_name);
  if (name != from.name) {
    if (from.in->names.contains(name)) return refused(refusal::name_taken);
    // The link that had the name may not have connected yet.
    if (!name.empty() && !has(said.flags, flag_again) && now < renewed_by_) return verdict::wait;
    const auto waits = [&](const topic* of) { return is_full(*of, &from, true, now); };
    if (may_wait && std::ranges::any_of(from.topics, waits)) return verdict::wait;
    release_name(from, now);
    if (!name.empty()) {
      from.name = name;
      from.in->names.emplace(name, &from);
      for (const auto* each : from.topics) tell_presence(*each, from, frame_kind::joined, now);
    }
  }
  answer(from, {.kind = frame_kind::named, .name = name});
  return verdict::done;
}

void broker::release_name(member& from, moment now) {
  if (from.name.empty()) return;
  for (const auto* each : from.topics) tell_presence(*each, from, frame_kind::left, now);
  from.in->names.erase(from.name);
  from.name.clear();
}

broker::verdict broker::subscribe(member& from, const frame& said, moment now, bool may_wait) {
  const auto refused = [&](refusal why) {
    refuse(from, why, said);
    return verdict::done;
  };
  if (!is_topic(said.topic)) return refused(refusal::bad_topic);
  if (has(said.flags, flag_named_only) && from.name.empty()) return refused(refusal::no_name);
  const bool presence = has(said.flags, flag_presence);
  auto* wanted = find(*from.in, said.topic);
  if (wanted != nullptr && std::ranges::find(from.topics, wanted) != from.topics.end()) {
    std::ranges::find(wanted->all, &from, &subscription::who)->wants_presence = presence;
  } else {
    if (from.topics.size() >= limits_.topics_per_subscriber)
      return refused(refusal::too_many_topics);
    const bool is_told = !has(said.flags, flag_again) && !from.name.empty();
    if (wanted == nullptr) {
      const std::string name(said.topic);
      wanted = &from.in->topics.emplace(name, topic{.name = name, .all = {}}).first->second;
    } else if (is_told && may_wait && is_full(*wanted, nullptr, true, now)) {
      return verdict::wait;
    }
    if (is_told) tell_presence(*wanted, from, frame_kind::joined, now);
    wanted->all.push_back({.who = &from, .wants_presence = presence});
    from.topics.push_back(wanted);
  }
  answer(from, {.kind = frame_kind::subscribed, .topic = said.topic});
  return verdict::done;
}

void broker::unsubscribe(member& from, const frame& said, moment now) {
  auto* of = find(*from.in, said.topic);
  if (of == nullptr || std::erase(from.topics, of) == 0)
    return refuse(from, refusal::not_subscribed, said);
  leave_topic(from, *of, now);
}

void broker::leave_topic(member& from, topic& of, moment now) {
  std::erase_if(of.all, [&](const subscription& each) { return each.who == &from; });
  if (!of.all.empty()) return tell_presence(of, from, frame_kind::left, now);
  const auto name = of.name;  // a copy: the key is destroyed with it
  from.in->topics.erase(name);
}

void broker::leave(member& gone, moment now) {
  for (auto* each : std::exchange(gone.topics, {})) leave_topic(gone, *each, now);
  release_name(gone, now);
  if (auto* in = std::exchange(gone.in, nullptr); in != nullptr && --in->members == 0)
    spaces_.erase(std::string(in->name));  // a copy: the key is destroyed with it
  std::erase(touched_, &gone);
  gone.touched = false;
}

broker::verdict broker::publish(member& from, const frame& said, moment now, bool may_wait) {
  const auto refused = [&](refusal why) {
    refuse(from, why, said);
    return verdict::done;
  };
  if (!is_topic(said.topic)) return refused(refusal::bad_topic);
  if (said.body.size() > limits_.message_size) return refused(refusal::too_long);
  if (has(said.flags, flag_named_only) && from.name.empty()) return refused(refusal::no_name);
  const auto* to = find(*from.in, said.topic);
  const bool is_member = to != nullptr && std::ranges::find(from.topics, to) != from.topics.end();
  if (has(said.flags, flag_members_only) && !is_member) return refused(refusal::not_subscribed);
  if (to == nullptr) return verdict::done;
  const auto* left_out = has(said.flags, flag_not_to_me) ? &from : nullptr;
  if (may_wait && is_full(*to, left_out, false, now)) return verdict::wait;
  const auto message = share(
      {.kind = frame_kind::message, .topic = said.topic, .name = from.name, .body = said.body});
  for (const auto& each : to->all) {
    if (each.who != left_out) put(*each.who, message, now);
  }
  return verdict::done;
}

broker::verdict broker::tell(member& from, const frame& said, moment now, bool may_wait) {
  const auto refused = [&](refusal why) {
    refuse(from, why, said);
    return verdict::done;
  };
  if (said.body.size() > limits_.message_size) return refused(refusal::too_long);
  if (has(said.flags, flag_named_only) && from.name.empty()) return refused(refusal::no_name);
  const auto to = from.in->names.find(said.name);
  if (to == from.in->names.end()) return refused(refusal::nobody);
  if (may_wait && to->second->out.asks_to_wait(now)) return verdict::wait;
  put(*to->second,
      share({.kind = frame_kind::message, .topic = {}, .name = from.name, .body = said.body}), now);
  return verdict::done;
}

void broker::list_members(member& to, const frame& said) {
  const auto name = said.topic;
  if (!is_topic(name)) return refuse(to, refusal::bad_topic, said);
  std::string names;
  if (const auto* of = find(*to.in, name)) {
    for (const auto& each : of->all) {
      if (each.who->name.empty()) continue;
      names += each.who->name + "\n";
      if (names.size() < members_per_frame) continue;
      answer(to, {.kind = frame_kind::members, .flags = flag_more, .topic = name, .body = names});
      names.clear();
    }
  }
  answer(to, {.kind = frame_kind::members, .topic = name, .body = names});
}

/// Links without a name come and go without a report.
void broker::tell_presence(const topic& of, const member& whom, frame_kind what, moment now) {
  if (whom.name.empty()) return;
  shared_frame news;
  for (const auto& each : of.all) {
    if (!each.wants_presence || each.who == &whom) continue;
    if (news == nullptr) news = share({.kind = what, .topic = of.name, .name = whom.name});
    put(*each.who, news, now);
  }
}

void broker::refuse(member& whom, refusal why, const frame& asked) {
  const char kind = static_cast<char>(asked.kind);
  answer(whom, {.kind = frame_kind::refused,
                .flags = static_cast<std::uint8_t>(why),
                .topic = asked.topic,
                .name = asked.name,
                .body = {&kind, 1}});
}

void broker::answer(member& to, const frame& what) {
  to.out.put_answer(share(what));
  touch(to);
}

void broker::put(member& to, const shared_frame& message, moment now) {
  to.out.put(message, now);
  touch(to);
}

void broker::touch(member& which) {
  if (std::exchange(which.touched, true)) return;
  touched_.push_back(&which);
}

std::vector<broker::member*> broker::take_touched() {
  for (auto* each : touched_) each->touched = false;
  return std::exchange(touched_, {});
}

broker::topic* broker::find(space& in, std::string_view name) {
  const auto found = in.topics.find(name);
  return found == in.topics.end() ? nullptr : &found->second;
}

}  // namespace samjoko::hub
