#pragma once
// Charter: answers what is asked on the control socket, from the plan and from what the master
// reported of workers, and passes orders on to the master. It decides nothing and forks nothing:
// what it can make the master do is in supervise::master_commands.

#include <string>
#include <vector>

#include <samjoko/operate/control.hpp>
#include <samjoko/operate/request.hpp>
#include <samjoko/operate/service_notifier.hpp>
#include <samjoko/operate/settings.hpp>
#include <samjoko/os/exit_status.hpp>
#include <samjoko/supervise/operator_interface.hpp>

namespace samjoko::operate {

/// Must outlive the master.
class control_handler final : public supervise::operator_interface {
 public:
  explicit control_handler(settings how);

  void begin(const supervise::plan& seen, std::vector<supervise::named_listener>& listeners,
             supervise::master_commands commands, steady::time_point now) override;
  void worker_started(std::size_t slot, pid_t pid, steady::time_point now) override;
  void worker_ended(std::size_t slot, const std::string& title, const os::exit_status& how,
                    steady::time_point now) override;

  void add_to(std::vector<pollfd>& polled, steady::time_point now) override;
  [[nodiscard]] deadline next_time() const override;
  void take_turn(std::span<const pollfd> polled, steady::time_point now) override;
  /// Tells the service manager what is new.
  void plan_changed(steady::time_point now) override { notifier_.take_turn(*plan_, now); }
  void close_in_child() override;

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
  [[nodiscard]] answer reset_failed(const request& asked);
  [[nodiscard]] result<std::size_t> revive(std::size_t group);
  [[nodiscard]] answer stop(const request& asked);
  [[nodiscard]] answer reopen_logs(const request& asked);
  [[nodiscard]] service_view view() const;
  [[nodiscard]] group_view view_of(std::size_t group) const;
  [[nodiscard]] worker_view worker_at(std::size_t slot) const;
  [[nodiscard]] result<std::size_t> find_group(const std::string& name) const;
  [[nodiscard]] std::string name_of_group(std::size_t group) const;
  [[nodiscard]] std::size_t given_up_in(std::size_t group) const;

  settings settings_;
  const supervise::plan* plan_ = nullptr;  // from begin() on
  std::vector<supervise::named_listener>* listeners_ = nullptr;
  supervise::master_commands commands_;
  service_notifier notifier_;
  control control_;
  std::vector<std::vector<std::string>> names_of_listeners_;  // by group; they may close meanwhile
  std::vector<worker_record> workers_;                        // by slot
  std::vector<end_record> ends_;                              // a ring, when it is full
  std::size_t ends_seen_ = 0;
  steady::time_point started_{};
  steady::time_point now_{};
};

}  // namespace samjoko::operate
