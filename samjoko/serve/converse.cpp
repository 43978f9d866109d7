#include <samjoko/service/testing.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <samjoko/base/check.hpp>
#include <samjoko/io/loop.hpp>
#include <samjoko/os/file.hpp>
#include <samjoko/serve/session.hpp>

namespace samjoko {
namespace {

using io::operation;
using io::operation_kind;

/// A loop whose outside world is a script: every operation completes at once.
class scripted_loop final : public io::loop {
 public:
  scripted_loop(std::initializer_list<std::string_view> script, std::string& answer)
      : io::loop(true), pieces_(script.begin(), script.end()), answer_(answer) {
    std::erase(pieces_, std::string_view());  // would be taken for the end
  }

  io::start begin(operation& wanted) override {
    switch (wanted.kind) {
      case operation_kind::receive:
      case operation_kind::receive_now: receive(wanted); break;
      case operation_kind::send: send(wanted); break;
      case operation_kind::send_parts: send_parts(wanted); break;
      case operation_kind::send_file: send_file(static_cast<io::file_operation&>(wanted)); break;
      case operation_kind::accept:
      case operation_kind::connect: wanted.result = -ENETUNREACH; break;
      default: wanted.result = 0;
    }
    return io::start::done;
  }
  void cancel(operation&) noexcept override {}
  /// All operations complete at once, so nothing is under way: a task that waits when nothing is
  /// ready waits for something that the script never provides.
  void run() override {
    while (live_tasks() > 0) {
      SAMJOKO_CHECK(
          anything_ready() || anything_posted(),
          "converse: the handler waits for something that nothing feeds (an item or room of a "
          "channel, a join of such a task), so the conversation would never end");
      run_ready();
    }
  }
  void wake() noexcept override {}
  [[nodiscard]] bool is_real() const noexcept override { return false; }

 private:
  void receive(operation& wanted) {
    wanted.result = 0;
    if (pieces_.empty()) return;
    auto& piece = pieces_.front();
    if (wanted.data == nullptr) {
      wanted.data = buffers().take();
      wanted.size = io::buffer_pool::block_size;
    }
    const auto count = std::min(piece.size(), wanted.size);
    std::memcpy(wanted.data, piece.data(), count);
    wanted.result = static_cast<std::int64_t>(count);
    piece.remove_prefix(count);
    if (piece.empty()) pieces_.pop_front();
  }
  void append(const void* from, std::size_t size, operation& told) {
    answer_.append(static_cast<const char*>(from), size);
    told.result += static_cast<std::int64_t>(size);
  }
  void send(operation& wanted) {
    wanted.result = 0;
    append(wanted.data, wanted.size, wanted);
  }
  void send_parts(operation& wanted) {
    wanted.result = 0;
    const auto* parts = reinterpret_cast<const iovec*>(wanted.data);
    for (std::size_t each = 0; each < wanted.size; ++each)
      append(parts[each].iov_base, parts[each].iov_len, wanted);
  }
  void send_file(io::file_operation& wanted) {
    std::string content(wanted.size, '\0');
    const mutable_bytes into(reinterpret_cast<std::byte*>(content.data()), content.size());
    const auto got = os::read_at(wanted.file, into, static_cast<std::uint64_t>(wanted.offset));
    wanted.result = got ? 0 : -got.error().code();
    if (got) append(content.data(), *got, wanted);
  }

  std::deque<std::string_view> pieces_;
  std::string& answer_;
};

class nobody : public serve::session_owner {
 public:
  void session_ended(serve::session&) noexcept override {}
};

}  // namespace

std::string converse(const service& offered, std::initializer_list<std::string_view> script) {
  SAMJOKO_CHECK(offered.handler, "converse: the service has no handler");
  std::string answer;
  scripted_loop loop(script, answer);
  nobody owner;
  const connection_limits limits;
  const stop_flag stop;
  serve::session_host host(loop, offered, limits, stop, owner);
  serve::session client(host, serve::client());
  client.start();
  loop.run();
  return answer;
}

}  // namespace samjoko
