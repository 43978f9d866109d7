#include <samjoko/net/known_addresses.hpp>

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace samjoko {
namespace {

std::int64_t in_ms(steady::time_point moment) noexcept {
  return std::chrono::duration_cast<milliseconds>(moment.time_since_epoch()).count();
}

/// A mixer of 64 bits (splitmix64, Steele, Lea and Flood 2014): enough to tell a torn answer.
std::uint64_t mixed(std::uint64_t into, std::uint64_t word) noexcept {
  auto mix = into ^ (word + 0x9e3779b97f4a7c15ULL);
  mix = (mix ^ (mix >> 30)) * 0xbf58476d1ce4e5b9ULL;
  mix = (mix ^ (mix >> 27)) * 0x94d049bb133111ebULL;
  return mix ^ (mix >> 31);
}

os::address address_of(std::uint64_t family, const void* raw, unsigned port) noexcept {
  if (family == AF_INET) {
    sockaddr_in four{};
    four.sin_family = AF_INET;
    four.sin_port = htons(static_cast<std::uint16_t>(port));
    std::memcpy(&four.sin_addr, raw, sizeof four.sin_addr);
    return {reinterpret_cast<const sockaddr*>(&four), sizeof four};
  }
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(static_cast<std::uint16_t>(port));
  std::memcpy(&six.sin6_addr, raw, sizeof six.sin6_addr);
  return {reinterpret_cast<const sockaddr*>(&six), sizeof six};
}

}  // namespace

std::uint64_t known_addresses::seal_of(const answer& of, std::size_t count) noexcept {
  std::uint64_t seal = 1;
  for (std::size_t n = 0; n < 1 + count * words_each; ++n)
    seal = mixed(seal, of.words[n].load(std::memory_order_acquire));
  return seal;
}

bool known_addresses::claim(steady::time_point now, milliseconds time) noexcept {
  auto due = due_ms_.load();
  // The process that claims sets the moment when its time is over: if it is killed, another looks
  // up then.
  if (due > in_ms(now) || !due_ms_.compare_exchange_strong(due, in_ms(now + time))) return false;
  failed_.store(0);
  return true;
}

void known_addresses::put_off(steady::time_point now, milliseconds pause, int reason) noexcept {
  due_ms_.store(in_ms(now + pause));
  failed_.store(reason);
}

void known_addresses::put(const std::vector<os::address>& found, steady::time_point now,
                          milliseconds every) noexcept {
  const auto next = generation_.load() + 1;
  auto& into = answers_[next & 1U];
  std::size_t count = 0;
  for (const auto& each : found) {
    const auto key = each.host_key();
    if (count == most || (key.size() != 4 && key.size() != 16)) continue;
    std::array<std::uint64_t, 2> raw{};
    std::memcpy(raw.data(), key.data(), key.size());
    auto* word = &into.words[1 + count * words_each];
    word[0].store(key.size() == 4 ? AF_INET : AF_INET6, std::memory_order_release);
    word[1].store(raw[0], std::memory_order_release);
    word[2].store(raw[1], std::memory_order_release);
    ++count;
  }
  into.words[0].store(count, std::memory_order_release);
  into.seal.store(seal_of(into, count), std::memory_order_release);
  generation_.store(next);
  due_ms_.store(in_ms(now + every));
}

std::vector<os::address> known_addresses::get(unsigned port) const {
  for (int tries = 0; tries < 4; ++tries) {
    const auto generation = generation_.load();
    if (generation == 0) return {};
    const auto& from = answers_[generation & 1U];
    const auto count = from.words[0].load(std::memory_order_acquire);
    if (count > most) continue;
    std::vector<os::address> all;
    bool good = true;
    for (std::size_t n = 0; n < count; ++n) {
      const auto* word = &from.words[1 + n * words_each];
      const auto family = word[0].load(std::memory_order_acquire);
      const std::array<std::uint64_t, 2> raw{word[1].load(std::memory_order_acquire),
                                             word[2].load(std::memory_order_acquire)};
      good = good && (family == AF_INET || family == AF_INET6);
      if (good) all.push_back(address_of(family, raw.data(), port));
    }
    const auto sealed = from.seal.load(std::memory_order_acquire) == seal_of(from, count);
    if (good && sealed && generation_.load() == generation) return all;
  }
  return {};
}

}  // namespace samjoko
