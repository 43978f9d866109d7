#include <samjoko/os/host_lookup.hpp>

#include <ares.h>
#include <netdb.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include <samjoko/os/poll.hpp>

namespace samjoko::os {
namespace {

/// Called once for each process; that a forked child does it again is harmless (man 3
/// ares_library_init).
bool is_ready() {
  static const bool ready = ::ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS;
  return ready;
}

/// A host that comes twice is one address: /etc/hosts often has several lines for one host.
void add(std::vector<address>& all, const ares_addrinfo_node& node, unsigned port) {
  if (all.size() >= host_lookup::most) return;
  if (node.ai_family != AF_INET && node.ai_family != AF_INET6) return;
  const auto found = address(node.ai_addr, node.ai_addrlen).with_port(port);
  const auto is_same = [&](const address& other) { return other.text() == found.text(); };
  if (std::ranges::none_of(all, is_same)) all.push_back(found);
}

std::unexpected<error> no_answer(int status, const std::string& name) {
  switch (status) {
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
    case ARES_EBADNAME:
    case ARES_ENONAME: return failure(condition::unknown_host, "look up", name);
    case ARES_ENOMEM: return failure(ENOMEM, "look up", name);
    default: return failure(condition::no_name_server, "look up", name);
  }
}

}  // namespace

struct host_lookup::question {
  explicit question(const host_name& host) : name(host.name), port(host.port) {}
  question(const question&) = delete;
  question& operator=(const question&) = delete;
  ~question() {
    if (channel != nullptr) ::ares_destroy(channel);  // it calls `answered` before it returns
  }

  [[nodiscard]] result<void> ask() {
    auto together = watch_together({});
    if (!together) return failure_of(together);
    waiting = std::move(*together);
    ares_options options{};
    options.sock_state_cb = &question::watch;
    options.sock_state_cb_data = this;
    if (!is_ready() || ::ares_init_options(&channel, &options, ARES_OPT_SOCK_STATE_CB) != 0)
      return failure(ENOMEM, "look up", name);
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    // The port is not asked for: c-ares takes 0 for none, and then reads no table of services.
    ::ares_getaddrinfo(channel, name.c_str(), nullptr, &hints, &question::answered, this);
    return {};
  }

  static void answered(void* self, int how, int, ares_addrinfo* found) {
    auto& me = *static_cast<question*>(self);
    me.status = how;
    me.has_ended = true;
    if (found == nullptr) return;
    for (const auto* node = found->nodes; node != nullptr; node = node->ai_next)
      add(me.all, *node, me.port);
    ::ares_freeaddrinfo(found);
  }

  /// c-ares says which of its sockets it waits for; both false: this one is about to be closed.
  static void watch(void* self, ares_socket_t socket, int to_read, int to_write) {
    const auto& waiting = static_cast<question*>(self)->waiting;
    if (to_read == 0 && to_write == 0) return watch_no_more(waiting, socket);
    // A socket that cannot be watched is looked at when c-ares would ask again.
    static_cast<void>(watch_also(waiting, socket, to_read != 0, to_write != 0));
  }

  std::string name;
  unsigned port;
  os::descriptor waiting;
  ares_channel channel = nullptr;
  bool has_ended = false;
  int status = ARES_SUCCESS;
  std::vector<address> all;
};

host_lookup::host_lookup(std::unique_ptr<question> asked) noexcept : asked_(std::move(asked)) {}
host_lookup::host_lookup(host_lookup&&) noexcept = default;
host_lookup& host_lookup::operator=(host_lookup&&) noexcept = default;
host_lookup::~host_lookup() = default;

result<host_lookup> host_lookup::begin(const host_name& host) {
  auto made = std::make_unique<question>(host);
  if (auto asked = made->ask(); !asked) return failure_of(asked);
  return host_lookup(std::move(made));
}

int host_lookup::descriptor() const noexcept { return asked_->waiting.get(); }

deadline host_lookup::next_step() const {
  if (asked_->has_ended) return deadline::after({});
  timeval time{};
  if (::ares_timeout(asked_->channel, nullptr, &time) == nullptr) return deadline::never();
  return deadline::after(std::chrono::seconds(time.tv_sec) +
                         std::chrono::microseconds(time.tv_usec));
}

bool host_lookup::go_on() {
  std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
  const auto wanted = static_cast<unsigned>(
      ::ares_getsock(asked_->channel, sockets.data(), static_cast<int>(sockets.size())));
  // The sockets do not block: a try in vain costs a call. Without a socket c-ares looks at its
  // clock.
  bool any = false;
  for (unsigned n = 0; n < sockets.size(); ++n) {
    const auto of = sockets.at(n);
    const bool reads = ARES_GETSOCK_READABLE(wanted, n);
    const bool writes = ARES_GETSOCK_WRITABLE(wanted, n);
    if (!reads && !writes) continue;
    any = true;
    pollfd is{.fd = of,
              .events = static_cast<short>((reads ? POLLIN : 0) | (writes ? POLLOUT : 0)),
              .revents = 0};
    poll_until({&is, 1}, deadline::after({}));
    const int seen = is.revents;
    const int ends = POLLERR | POLLHUP;
    ::ares_process_fd(asked_->channel,
                      reads && (seen & (POLLIN | ends)) != 0 ? of : ARES_SOCKET_BAD,
                      writes && (seen & (POLLOUT | ends)) != 0 ? of : ARES_SOCKET_BAD);
    if (asked_->has_ended) return true;
  }
  if (!any) ::ares_process_fd(asked_->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  return asked_->has_ended;
}

result<std::vector<address>> host_lookup::take() {
  if (!asked_->has_ended) return failure(ETIMEDOUT, "look up", asked_->name);
  if (asked_->status != ARES_SUCCESS) return no_answer(asked_->status, asked_->name);
  if (asked_->all.empty()) return failure(condition::unknown_host, "look up", asked_->name);
  return std::move(asked_->all);
}

result<std::vector<address>> look_up(const host_name& host, deadline until) {
  auto asked = host_lookup::begin(host);
  if (!asked) return failure_of(asked);
  while (!asked->go_on()) {
    if (until.passed(steady::now())) break;
    static_cast<void>(wait_readable(asked->descriptor(), std::min(until, asked->next_step())));
  }
  return asked->take();
}

}  // namespace samjoko::os
