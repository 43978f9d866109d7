#pragma once
// Charter: which links are subscribed to what, their names, and which of them get a message. Pure:
// frames and the time in, frames into the queues of members out.

#include <memory>
#include <samjoko/hub/frame.hpp>
#include <samjoko/hub/queue.hpp>
#include <string>
#include <unordered_map>
#include <vector>

namespace samjoko::hub {

class broker {
 public:
  using moment = steady::time_point;
  struct text_hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  template <class Value>
  using by_text = std::unordered_map<std::string, Value, text_hash, std::equal_to<>>;
  struct topic;
  struct space;

  /// One link. The owner of the link owns it; it must leave before it is destroyed.
  struct member {
    explicit member(const limits& bounds) : out(bounds) {}
    queue out;
    space* in = nullptr;         ///< null: it has sent nothing yet
    std::string name;            ///< empty: none
    std::vector<topic*> topics;  ///< that it is subscribed to
    bool touched = false;        ///< something was put into `out` since take_touched()
  };
  struct subscription {
    member* who;
    bool wants_presence;
  };
  struct topic {
    std::string name;
    std::vector<subscription> all;
  };

  /// Names and topics, separate from those of other spaces. A space ends with its last member.
  struct space {
    std::string name;
    by_text<topic> topics;  ///< an element stays in place while others come and go
    by_text<member*> names;
    std::size_t members = 0;
  };

  /// `bounds` must outlive it. Until `renewed_by` names are kept for the links that had them
  /// before.
  explicit broker(const limits& bounds, moment renewed_by = {}) noexcept
      : limits_(bounds), renewed_by_(renewed_by) {}

  enum class verdict : std::uint8_t {
    done,
    wait,       ///< a queue is full: offer the same frame again later
    malformed,  ///< a frame that only the hub may send
  };
  /// Handles a frame of `from`. `may_wait`: its limits::publisher_wait has not passed yet.
  [[nodiscard]] verdict take(member& from, const frame& said, moment now, bool may_wait);
  /// The link is gone, or was dropped: it leaves its topics, and its name is free.
  void leave(member& gone, moment now);
  /// Answers that what was `asked` is not done.
  void refuse(member& whom, refusal why, const frame& asked = {});

  /// How many spaces have members.
  [[nodiscard]] std::size_t spaces() const noexcept { return spaces_.size(); }

  /// The members with something new in their queues, once each.
  [[nodiscard]] std::vector<member*> take_touched();

 private:
  [[nodiscard]] verdict enter(member& from, std::string_view name);
  void put_into(member& from, std::string_view space_name);
  [[nodiscard]] verdict claim(member& from, const frame& said, moment now, bool may_wait);
  void release_name(member& from, moment now);
  [[nodiscard]] verdict subscribe(member& from, const frame& said, moment now, bool may_wait);
  [[nodiscard]] static bool is_full(const topic& of, const member* left_out, bool for_presence,
                                    moment now);
  void unsubscribe(member& from, const frame& said, moment now);
  void leave_topic(member& from, topic& of, moment now);
  [[nodiscard]] verdict publish(member& from, const frame& said, moment now, bool may_wait);
  [[nodiscard]] verdict tell(member& from, const frame& said, moment now, bool may_wait);
  void list_members(member& to, const frame& said);
  void tell_presence(const topic& of, const member& whom, frame_kind what, moment now);
  void answer(member& to, const frame& what);
  void put(member& to, const shared_frame& message, moment now);
  void touch(member& which);
  [[nodiscard]] static topic* find(space& in, std::string_view name);
  [[nodiscard]] bool is_topic(std::string_view name) const noexcept {
    return !name.empty() && name.size() <= limits_.topic_length;
  }

  const limits& limits_;
  const moment renewed_by_;
  by_text<std::unique_ptr<space>> spaces_;
  std::vector<member*> touched_;
};

}  // namespace samjoko::hub
