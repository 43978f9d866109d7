#include <samjoko/net/resolve.hpp>

#include <algorithm>
#include <cerrno>
#include <samjoko/os/host_lookup.hpp>

namespace samjoko {
namespace {

/// The loop knows its descriptor from the first wait on, and forgets it before it goes.
class asking {
 public:
  asking(io::loop& on, os::host_lookup lookup) noexcept : on_(on), lookup_(std::move(lookup)) {}
  asking(const asking&) = delete;
  asking& operator=(const asking&) = delete;
  ~asking() {
    io::operation release;
    release.kind = io::operation_kind::release;
    release.fd = lookup_.descriptor();
    on_.begin(release);
  }
  [[nodiscard]] os::host_lookup& lookup() noexcept { return lookup_; }

 private:
  io::loop& on_;
  os::host_lookup lookup_;
};

class until_it_can_go_on : public io::awaited<io::operation> {
 public:
  until_it_can_go_on(io::loop& on, int descriptor, deadline end) noexcept : awaited(on) {
    kind = io::operation_kind::readable;
    fd = descriptor;
    until = end;
  }
};

}  // namespace

task<result<std::vector<os::address>>> resolve(connection& from, const os::host_name& host,
                                               deadline end) {
  auto begun = os::host_lookup::begin(host);
  if (!begun) co_return failure_of(begun);
  asking asked(from.loop(), std::move(*begun));
  while (!asked.lookup().go_on()) {
    const auto now = from.loop().now();
    if (end.passed(now)) break;
    const auto step = std::min(end, asked.lookup().next_step());
    const auto waited = co_await until_it_can_go_on(from.loop(), asked.lookup().descriptor(), step);
    if (waited < 0 && waited != -ETIMEDOUT)
      co_return failure(static_cast<int>(-waited), "look up", host.name);
  }
  co_return asked.lookup().take();
}

}  // namespace samjoko
