#pragma once
// Charter: where a socket is or shall be: IPv4, IPv6, a unix path, or a descriptor that another
// process opened for us. Parsed from what people write, printed as they wrote it. An address is
// numeric, so nothing here blocks or depends on a resolver; os/host_name.hpp is for names.

#include <sys/socket.h>

#include <limits>
#include <samjoko/base/result.hpp>
#include <string>
#include <string_view>

namespace samjoko::os {

class address {
 public:
  address() noexcept = default;
  address(const sockaddr* from, socklen_t length) noexcept;

  /// `127.0.0.1:7000`, `[::1]:7000`, `:7000` (IPv6 and IPv4), `unix:/run/x.sock`, `fd:3`, `fd:NAME`
  /// (os/handed_descriptors.hpp).
  /// Port 0 lets the kernel choose. Fails with condition::bad_argument.
  [[nodiscard]] static result<address> parse(std::string_view text);

  [[nodiscard]] sa_family_t family() const noexcept { return storage_.ss_family; }
  [[nodiscard]] bool is_unix() const noexcept { return family() == AF_UNIX; }
  /// The number of an inherited descriptor, or -1. A descriptor that was asked for by a name which
  /// no process handed over has the number `missing`, which no descriptor can have.
  [[nodiscard]] int inherited() const noexcept { return inherited_; }
  static constexpr int missing = std::numeric_limits<int>::max();
  /// The name by which an inherited descriptor was asked for; empty otherwise.
  [[nodiscard]] std::string_view handed_name() const noexcept;
  /// Whether `:PORT` was asked for: an IPv6 socket that takes IPv4 as well.
  [[nodiscard]] bool dual_stack() const noexcept { return dual_stack_; }
  /// The same address with another port; of an IPv4 or IPv6 address only.
  [[nodiscard]] address with_port(unsigned port) const noexcept;
  /// All of this machine's IPv4 addresses, with the port of this one: 0.0.0.0:7000.
  [[nodiscard]] address any_ipv4() const noexcept;
  /// 0 for an address without a port.
  [[nodiscard]] unsigned port() const noexcept;
  /// The path of a unix address; empty for an unnamed one.
  [[nodiscard]] std::string_view path() const noexcept;
  /// Equal for all connections of one peer: the 4 or 16 bytes without the port; IPv4 mapped into
  /// IPv6 counts as IPv4. Empty for unix sockets.
  [[nodiscard]] std::string_view host_key() const noexcept;
  [[nodiscard]] std::string text() const;
  /// Its address alone, as text: "127.0.0.1", "::1"; IPv4 mapped into IPv6 as IPv4. Empty for what
  /// has none.
  [[nodiscard]] std::string host() const;

  [[nodiscard]] const sockaddr* data() const noexcept {
    return reinterpret_cast<const sockaddr*>(&storage_);
  }
  [[nodiscard]] socklen_t size() const noexcept { return length_; }

 private:
  [[nodiscard]] bool take_inherited(std::string_view which);

  sockaddr_storage storage_{};
  socklen_t length_ = 0;
  int inherited_ = -1;
  bool dual_stack_ = false;
};

}  // namespace samjoko::os
