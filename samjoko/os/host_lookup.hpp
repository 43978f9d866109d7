#pragma once
// Charter: the addresses of a host, from /etc/hosts and the name servers of /etc/resolv.conf, by
// c-ares: the C library's resolver loads modules, which a static program cannot do, and blocks. It
// handles one question at a time and never waits: its descriptor is readable when it can go on.

#include <memory>
#include <samjoko/base/deadline.hpp>
#include <samjoko/os/address.hpp>
#include <samjoko/os/host_name.hpp>
#include <vector>

namespace samjoko::os {

class host_lookup {
 public:
  /// Asks. Errors: EMFILE, ENOMEM; errors of the answer are returned by `take`.
  [[nodiscard]] static result<host_lookup> begin(const host_name& host);
  host_lookup(host_lookup&&) noexcept;
  host_lookup& operator=(host_lookup&&) noexcept;
  /// Drops a question that has no answer yet.
  ~host_lookup();

  /// Readable when `go_on` has something to do.
  [[nodiscard]] int descriptor() const noexcept;
  /// By then `go_on` has something to do even if no answer comes: another server is asked.
  [[nodiscard]] deadline next_step() const;
  /// Does what can be done without waiting; true when there is an answer.
  [[nodiscard]] bool go_on();
  /// The answer: at least one address, at most `most`, in the order of RFC 6724, each once. Errors:
  /// condition::unknown_host, condition::no_name_server, ETIMEDOUT when no answer has come yet.
  [[nodiscard]] result<std::vector<address>> take();

  static constexpr std::size_t most = 16;

 private:
  struct question;
  explicit host_lookup(std::unique_ptr<question> asked) noexcept;

  std::unique_ptr<question> asked_;
};

/// The same, and waits for the answer: for the start of a program, and where blocking is right.
[[nodiscard]] result<std::vector<address>> look_up(const host_name& host, deadline until);

}  // namespace samjoko::os
