#pragma once
// Charter: a host by its name, and a port, as people write them: `www.example.com:80`. Text only:
// os/host_lookup.hpp looks the name up. Never mistaken for an address: text of only digits and dots
// is numeric or wrong, so no odd form of an address (man 3 inet_aton) becomes a host.

#include <samjoko/base/result.hpp>
#include <string>
#include <string_view>

namespace samjoko::os {

struct host_name {
  std::string name;  ///< in ASCII, at most 253 bytes; not looked up yet
  unsigned port = 0;

  /// Whether the text means a host's name and not an address (os/address.hpp): whether there is a
  /// letter before the port, and neither brackets nor a colon.
  [[nodiscard]] static bool is_meant(std::string_view text) noexcept;
  /// `NAME:PORT`: labels of letters, digits, `-` and `_`, of 63 bytes at most (RFC 1123 section
  /// 2.1). Fails with condition::bad_argument.
  [[nodiscard]] static result<host_name> parse(std::string_view text);
  [[nodiscard]] std::string text() const;

  friend bool operator==(const host_name&, const host_name&) = default;
};

}  // namespace samjoko::os
