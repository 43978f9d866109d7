#pragma once
// Charter: where the operator meets the master: answers what is asked on the control socket, from
// what the plan says and what the desk has seen, and passes orders on. It judges nothing and forks
// nothing: what it may do to the master is in `hands`.

#include <array>
#include <functional>
#include <string>
#include <vector>

#include <samjoko/os/exit_status.hpp>
#include <samjoko/supervise/announcer.hpp>
#include <samjoko/supervise/control.hpp>
#include <samjoko/supervise/operating.hpp>
#include <samjoko/supervise/plan.hpp>
#include <samjoko/supervise/request.hpp>

namespace samjoko::supervise {

/// What the desk can make the master do.
struct hands {
  std::function<void(master_order)> order;
  std::function<void(std::size_t group, std::size_t count)> scale;
  std::function<void(std::size_t group)> recall;
  /// Errors: what kept the log from being opened; bad_argument when there is none to open.
  std::function<result<void>()> reopen_log;
};

class desk {
 public:
  /// All references must outlive it. `listeners`: the master's own.
  desk(operating settings, const plan& plan, std::vector<named_listener>& listeners, hands hands);
  desk(const desk&) = delete;
  desk& operator=(const desk&) = delete;

  void start(steady::time_point now) noexcept { started_ = now; }
  /// What happens to workers, for the answers.
  void hired(std::size_t slot, pid_t pid, steady::time_point now);
  void ended(std::size_t slot, const std::string& title, const os::exit_status& how,
             steady::time_point now);

  void add_to(std::vector<pollfd>& polled, steady::time_point now);
  [[nodiscard]] deadline next_time() const;
  /// Never blocks.
  void take_turn(std::span<const pollfd> polled, steady::time_point now);
  /// Tells the service manager what is new. After all that a turn does to the plan.
  void announce(steady::time_point now) { announcer_.take_turn(plan_, now); }
  /// In a worker: nothing of it is kept open.
  void close();

  /// The answer to one line of the control socket, as of the last turn's time.
  [[nodiscard]] answer respond(std::string_view line);

 private:
  struct worker_record {
    pid_t pid = 0;
    steady::time_point since{};
    std::uint64_t started = 0;
    std::string last_end;
  };
  struct end_record {
    std::string sentence, json;
  };
  static constexpr std::size_t ends_kept = 64;

  [[nodiscard]] answer obey(const request& asked);
  [[nodiscard]] answer tell_status(bool json) const;
  [[nodiscard]] answer tell_deaths(const request& asked) const;
  [[nodiscard]] answer scale(const request& asked);
  [[nodiscard]] answer unpark(const request& asked);
  [[nodiscard]] result<std::size_t> recall(std::size_t group);
  [[nodiscard]] answer stop(const request& asked);
  [[nodiscard]] answer reopen_logs(const request& asked);
  [[nodiscard]] service_view view() const;
  [[nodiscard]] group_view view_of(std::size_t group) const;
  [[nodiscard]] worker_view worker_at(std::size_t slot) const;
  [[nodiscard]] result<std::size_t> find_group(const std::string& name) const;
  [[nodiscard]] std::string name_of_group(std::size_t group) const;
  [[nodiscard]] std::size_t given_up_in(std::size_t group) const;

  operating settings_;
  const plan& plan_;
  std::vector<named_listener>& listeners_;
  hands hands_;
  announcer announcer_;
  control control_;
  std::vector<std::vector<std::string>> names_of_listeners_;  // by group; they may close meanwhile
  std::vector<worker_record> workers_;                        // by slot
  std::vector<end_record> ends_;                              // a ring, when it is full
  std::size_t ends_seen_ = 0;
  steady::time_point started_{};
  steady::time_point now_{};
};

}  // namespace samjoko::supervise
