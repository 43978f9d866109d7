#pragma once
// Charter: where connections go: an address, or a host by its name. A name is looked up when the
// first connection wants it and again when the answer is old; the last good answer is kept while
// the name servers fail. Workers and the processes that they fork share what one of them learnt, so
// a fork per client does not mean a question per client.
//
// The answer lies in memory that all workers of the service may write. A worker that an attacker
// controls can send others' connections elsewhere by it; it could do so anyway with any client that
// it accepts itself.

#include <memory>
#include <samjoko/net/connection.hpp>
#include <samjoko/os/host_name.hpp>
#include <string>
#include <vector>

namespace samjoko {

class destination {
 public:
  /// Connections always go there.
  explicit destination(os::address fixed);
  /// Looks the name up at most every `every`. To be made before workers are forked. Errors: ENOMEM.
  [[nodiscard]] static result<destination> make(os::host_name host, milliseconds every);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }

  /// Connects on the loop of `from`: to each address in turn until one accepts, all of it within
  /// `limit`. Errors: those of the look-up, or of the last address tried.
  [[nodiscard]] task<result<os::descriptor>> connect(connection& from, milliseconds limit) const;

 private:
  struct answers;
  struct name;

  [[nodiscard]] task<result<std::vector<os::address>>> addresses(connection& from,
                                                                 deadline end) const;

  std::string text_;
  os::address fixed_;
  std::shared_ptr<const name> name_;
};

}  // namespace samjoko
