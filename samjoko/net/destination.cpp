#include <samjoko/net/destination.hpp>

#include <cerrno>
#include <samjoko/log/writer.hpp>
#include <samjoko/net/connect.hpp>
#include <samjoko/net/known_addresses.hpp>
#include <samjoko/net/resolve.hpp>
#include <samjoko/os/shared_memory.hpp>

namespace samjoko {
namespace {

/// How long after a look-up that failed the next one is tried.
constexpr milliseconds after_failure{1000};
/// While another connection asks, this one looks for the answer at this interval.
constexpr milliseconds look_interval{20};

}  // namespace

struct destination::name {
  os::host_name host;
  milliseconds every;
  os::shared_cells<known_addresses> shared;

  [[nodiscard]] known_addresses& known() const noexcept { return shared.cells().front(); }
};

destination::destination(os::address fixed) : text_(fixed.text()), fixed_(fixed) {}

result<destination> destination::make(os::host_name host, milliseconds every) {
  auto shared = os::shared_cells<known_addresses>::make(1);
  if (!shared) return failure_of(shared);
  destination made{os::address()};
  made.text_ = host.text();
  made.name_ = std::make_shared<const name>(std::move(host), every, std::move(*shared));
  return made;
}

task<result<std::vector<os::address>>> destination::addresses(connection& from,
                                                              deadline end) const {
  auto& known = name_->known();
  auto last = known.get(name_->host.port);
  auto now = from.loop().now();
  while (!known.claim(now, std::chrono::ceil<milliseconds>(end.at() - now))) {
    if (!last.empty()) co_return last;
    if (const int reason = known.failed(); reason != 0)
      co_return failure(reason, "look up", name_->host.name);
    if (end.passed(now)) co_return failure(ETIMEDOUT, "look up", name_->host.name);
    // Another connection asks for the first answer of all.
    const bool slept = co_await io::sleep_until(from.loop(), deadline(now + look_interval));
    if (!slept) co_return failure(ECANCELED, "look up", name_->host.name);
    last = known.get(name_->host.port);
    now = from.loop().now();
  }
  auto found = co_await resolve(from, name_->host, end);
  if (found) {
    known.put(*found, from.loop().now(), name_->every);
    co_return found;
  }
  known.put_off(from.loop().now(), after_failure, found.error().code());
  if (last.empty()) co_return failure_of(found);
  log::warning("resolve", "{}; connections go on to what it was last", found.error().sentence());
  co_return last;
}

task<result<os::descriptor>> destination::connect(connection& from, milliseconds limit) const {
  if (!name_) {
    auto socket = co_await samjoko::connect(from, fixed_, limit);
    co_return socket;
  }
  const auto end = deadline(from.loop().now() + limit);
  const auto all = co_await addresses(from, end);
  if (!all) co_return std::unexpected(all.error());
  auto wrong = failure(ETIMEDOUT, "connect", text_);
  for (std::size_t n = 0; n < all->size(); ++n) {
    // An address that does not answer leaves time for those behind it.
    const auto left = std::chrono::ceil<milliseconds>(end.at() - from.loop().now());
    if (left <= milliseconds(0)) break;
    const auto share = left / static_cast<int>(all->size() - n);
    auto socket = co_await samjoko::connect(from, (*all)[n], std::max(share, milliseconds(1)));
    if (socket) co_return socket;
    wrong = failure_of(socket);
    if (wrong.error().is(ECANCELED)) break;
  }
  co_return wrong;
}

}  // namespace samjoko
