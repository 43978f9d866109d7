#include <samjoko/os/address.hpp>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstring>

#include <samjoko/os/handed_descriptors.hpp>

namespace samjoko::os {
namespace {

constexpr std::string_view forms =
    " (write 127.0.0.1:7000, [::1]:7000, HOST:7000, :7000, unix:/path, fd:3 or fd:NAME)";

std::unexpected<error> bad(std::string_view text, std::string_view why) {
  return failure(condition::bad_argument, "address", fmt::format("'{}' {}{}", text, why, forms));
}

bool parse_number(std::string_view digits, unsigned limit, unsigned& out) {
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  return !digits.empty() && code == std::errc() && end == digits.data() + digits.size() &&
         out <= limit;
}

template <class Sockaddr>
Sockaddr& as(sockaddr_storage& storage) {
  return reinterpret_cast<Sockaddr&>(storage);
}
template <class Sockaddr>
const Sockaddr& as(const sockaddr_storage& storage) {
  return reinterpret_cast<const Sockaddr&>(storage);
}

}  // namespace

address::address(const sockaddr* from, socklen_t length) noexcept
    : length_(length < sizeof(storage_) ? length : sizeof(storage_)) {
  std::memcpy(&storage_, from, length_);
}

result<address> address::parse(std::string_view text) {
  address out;
  if (text.find('\0') != std::string_view::npos) return bad(text, "has a NUL byte");
  if (text.starts_with("fd:")) {
    if (!out.take_inherited(text.substr(3)))
      return bad(text, "has neither number nor name of a descriptor");
    return out;
  }
  if (text.starts_with("unix:")) {
    const auto path = text.substr(5);
    auto& local = as<sockaddr_un>(out.storage_);
    if (path.empty()) return bad(text, "has no path");
    if (path.size() >= sizeof(local.sun_path)) return bad(text, "has a path over 107 bytes");
    local.sun_family = AF_UNIX;
    std::memcpy(local.sun_path, path.data(), path.size());
    out.length_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
    return out;
  }
  const auto colon = text.rfind(':');
  unsigned port = 0;
  if (colon == std::string_view::npos) return bad(text, "has no port");
  if (!parse_number(text.substr(colon + 1), 65535, port))
    return bad(text, "has no port in 0-65535");
  auto host = std::string(text.substr(0, colon));
  if (host.empty() || (host.front() == '[' && host.back() == ']')) {
    auto& six = as<sockaddr_in6>(out.storage_);
    out.dual_stack_ = host.empty();
    if (!host.empty()) host = host.substr(1, host.size() - 2);
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(static_cast<std::uint16_t>(port));
    out.length_ = sizeof(sockaddr_in6);
    if (!out.dual_stack_ && ::inet_pton(AF_INET6, host.c_str(), &six.sin6_addr) != 1)
      return bad(text, "is not an IPv6 address");
    return out;
  }
  auto& four = as<sockaddr_in>(out.storage_);
  four.sin_family = AF_INET;
  four.sin_port = htons(static_cast<std::uint16_t>(port));
  out.length_ = sizeof(sockaddr_in);
  if (::inet_pton(AF_INET, host.c_str(), &four.sin_addr) != 1)
    return bad(text, "is not a numeric IPv4 address");
  return out;
}

// A name stands where other addresses have theirs, so that an address is copied like a number.
bool address::take_inherited(std::string_view which) {
  unsigned number = 0;
  if (parse_number(which, 1u << 20, number)) {
    inherited_ = static_cast<int>(number);
    return true;
  }
  const auto is_printable = [](char each) { return each > ' ' && each < 0x7f; };
  constexpr auto start = offsetof(sockaddr_un, sun_path);
  // "-1", "3x" and "1048577" are mistakes, not names.
  if (which.empty() || which.front() == '-' || (which.front() >= '0' && which.front() <= '9'))
    return false;
  if (which.size() >= sizeof(storage_) - start) return false;
  if (!std::ranges::all_of(which, is_printable)) return false;
  std::memcpy(as<sockaddr_un>(storage_).sun_path, which.data(), which.size());
  length_ = static_cast<socklen_t>(start + which.size());
  inherited_ = number_of_handed(which, handed_to_this_process());
  if (inherited_ < 0) inherited_ = missing;
  return true;
}

std::string_view address::handed_name() const noexcept {
  constexpr auto start = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path));
  if (inherited_ < 0 || length_ <= start) return {};
  return {as<sockaddr_un>(storage_).sun_path, length_ - start};
}

unsigned address::port() const noexcept {
  if (family() == AF_INET) return ntohs(as<sockaddr_in>(storage_).sin_port);
  if (family() == AF_INET6) return ntohs(as<sockaddr_in6>(storage_).sin6_port);
  return 0;
}

address address::with_port(unsigned port) const noexcept {
  auto other = *this;
  const auto number = htons(static_cast<std::uint16_t>(port));
  if (family() == AF_INET) as<sockaddr_in>(other.storage_).sin_port = number;
  if (family() == AF_INET6) as<sockaddr_in6>(other.storage_).sin6_port = number;
  return other;
}

address address::any_ipv4() const noexcept {
  address made;
  as<sockaddr_in>(made.storage_).sin_family = AF_INET;
  made.length_ = sizeof(sockaddr_in);
  return made.with_port(port());
}

std::string_view address::path() const noexcept {
  constexpr auto start = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path));
  if (!is_unix() || length_ <= start) return {};
  const auto& local = as<sockaddr_un>(storage_);
  return {local.sun_path, ::strnlen(local.sun_path, length_ - start)};
}

std::string_view address::host_key() const noexcept {
  if (family() == AF_INET)
    return {reinterpret_cast<const char*>(&as<sockaddr_in>(storage_).sin_addr), 4};
  if (family() != AF_INET6) return {};
  const auto& six = as<sockaddr_in6>(storage_).sin6_addr;
  const auto* raw = reinterpret_cast<const char*>(&six);
  if (IN6_IS_ADDR_V4MAPPED(&six)) return {raw + 12, 4};
  return {raw, 16};
}

std::string address::host() const {
  const auto key = host_key();
  if (key.empty()) return {};
  std::array<char, INET6_ADDRSTRLEN> host{};
  ::inet_ntop(key.size() == 4 ? AF_INET : AF_INET6, key.data(), host.data(), host.size());
  return host.data();
}

std::string address::text() const {
  if (!handed_name().empty()) return fmt::format("fd:{}", handed_name());
  if (inherited_ >= 0) return fmt::format("fd:{}", inherited_);
  if (is_unix()) return fmt::format("unix:{}", path());
  std::array<char, INET6_ADDRSTRLEN> host{};
  if (family() == AF_INET) {
    ::inet_ntop(AF_INET, &as<sockaddr_in>(storage_).sin_addr, host.data(), host.size());
    return fmt::format("{}:{}", host.data(), port());
  }
  if (family() != AF_INET6) return "unknown";
  if (dual_stack_) return fmt::format(":{}", port());
  ::inet_ntop(AF_INET6, &as<sockaddr_in6>(storage_).sin6_addr, host.data(), host.size());
  return fmt::format("[{}]:{}", host.data(), port());
}

}  // namespace samjoko::os
