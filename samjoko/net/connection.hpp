#pragma once
// Charter: one client, as its handler sees it: bytes in, bytes out, and what limits them. The same
// in every model. It belongs to one thread; nothing here may be called from another. At most one
// read and one write may be under way at a time, by different tasks if you like.
//
// Every wait returns a result: condition::end_of_stream when the peer has finished sending,
// ETIMEDOUT past a limit, ECONNRESET, ECANCELED when the server stops at once, condition::stopping
// when it stops gracefully and no request had begun. `if (!bytes) co_return;` is right for all of
// them.

#include <sys/uio.h>
#include <array>
#include <initializer_list>
#include <samjoko/base/bytes.hpp>
#include <samjoko/io/await.hpp>
#include <samjoko/net/limits.hpp>
#include <samjoko/net/wake_source.hpp>
#include <samjoko/os/address.hpp>
#include <samjoko/os/descriptor.hpp>
#include <samjoko/task/stop.hpp>
#include <samjoko/task/task.hpp>
#include <string_view>
#include <type_traits>

namespace samjoko {

namespace detail {
class reading;
class filling;
class writing;
class writing_parts;
class sending_file;

/// A wait that a graceful stop ends; it is in the list of its connection while it lasts.
struct ended_by_stop {
  waiting* wait;
  ended_by_stop* next = nullptr;
};
}  // namespace detail

class connection {
 public:
  static constexpr std::size_t most_parts = 8;
  /// The longest line, or the longest text up to a delimiter, that can be asked for.
  static constexpr std::size_t longest_text = io::buffer_pool::block_size;

  /// Takes over `socket`, whose mode must fit the loop (blocking or not). `limits` and `stop` must
  /// outlive the connection.
  connection(io::loop& on, os::descriptor socket, const connection_limits& limits,
             const stop_flag& stop) noexcept;
  /// Another connection of the same handler: on the loop, with the limits and under the stop of
  /// `like`.
  connection(connection& like, os::descriptor socket) noexcept
      : connection(*like.loop_, std::move(socket), *like.limits_, *like.stop_) {
    is_handlers_own_ = true;
  }
  /// `socket` may be our end of a pipe (os/program.hpp): one direction works then, non-blocking in
  /// every mode, and shutdown_send() closes it.
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection();

  /// The bytes that are there, or the next that come: at least one. `result<lease>`.
  [[nodiscard("write co_await")]] detail::reading read() noexcept;
  /// Receives more bytes behind those that are unread already; answers how many came. EMSGSIZE when
  /// the block is full.
  [[nodiscard("write co_await")]] detail::filling fill() noexcept;
  /// Writes all of it, or answers an error. The bytes must stay in place meanwhile.
  [[nodiscard("write co_await")]] detail::writing write(bytes all) noexcept;
  [[nodiscard("write co_await")]] detail::writing write(std::string_view all) noexcept;
  /// Several spans in one system call, in order; at most most_parts. `co_await client.write(head,
  /// "\r\n", body)`: each is bytes or text. The overload with a list of spans is for code that does
  /// not await it in place, which GCC 12 refuses.
  template <class First, class Second, class... More>
  [[nodiscard("write co_await")]] detail::writing_parts write(const First& first,
                                                              const Second& second,
                                                              const More&... more) noexcept;
  [[nodiscard("write co_await")]] detail::writing_parts write(
      std::initializer_list<bytes> parts) noexcept;
  /// `size` bytes of a regular file from `offset`, without copying them through this process.
  /// Answers how many were sent: fewer when the file ends before.
  [[nodiscard("write co_await")]] detail::sending_file send_file(int file, std::uint64_t offset,
                                                                 std::uint64_t size) noexcept;

  /// A line without its end (LF or CR LF). condition::too_long past `limit` bytes. The view is
  /// valid until the next read of any kind.
  [[nodiscard("write co_await")]] task<result<std::string_view>> read_line(
      std::size_t limit = 8192);
  /// Everything up to the delimiter, and the delimiter, under the same rules.
  [[nodiscard("write co_await")]] task<result<std::string_view>> read_until(
      std::string_view delimiter, std::size_t limit = 8192);
  /// Fills `all`. condition::end_of_stream when the peer ends before.
  [[nodiscard("write co_await")]] task<result<void>> read_exact(mutable_bytes all);

  /// What arrived and was not read yet, and dropping it from the front: for parsers.
  [[nodiscard]] bytes unread() const noexcept { return unread_.view(); }
  void consume(std::size_t count) noexcept;

  /// Tells the peer that no more bytes will be written; reading goes on. It closes a pipe, so no
  /// other task may be writing to it meanwhile.
  void shutdown_send() noexcept;

  /// The end of a whole exchange (a head, a body, a line), however many reads it takes. never()
  /// lifts it, and so does the end of a turn.
  void set_deadline(deadline end) noexcept { deadline_ = end; }
  [[nodiscard]] deadline current_deadline() const noexcept { return deadline_; }
  /// The whole request was read and answered, and nothing more is expected: the socket is closed
  /// without waiting for the peer to close first.
  void close_at_once() noexcept { noted_.close_at_once = true; }

  /// Aborts the connection: its peer reads an error (ECONNRESET) and no end, so that what came does
  /// not count as whole. A client is aborted when its handler has returned, a connection of your
  /// own when it is destroyed. Bytes that were written before arrive first: they are waited for as
  /// long as that makes progress within a second (100 ms in an immediate stop). From this call on
  /// the death of the process is an abort too. A unix peer has no such error: it reads the end, and
  /// ECONNRESET only when bytes of its own were left unread. `reset(false)`: a plain end after all.
  void reset(bool yes = true) noexcept;

  /// Overrides connection_limits::idle for this client. 0: for ever.
  void set_idle_limit(milliseconds idle) noexcept;

  [[nodiscard]] result<os::address> peer() const;
  [[nodiscard]] result<os::address> local() const;

  /// Whether the server is stopping: finish what has begun and return.
  [[nodiscard]] bool stop_requested() const noexcept { return stop_->requested(); }

  [[nodiscard]] samjoko::stop_level stop_level() const noexcept { return stop_->level(); }
  [[nodiscard]] const stop_flag& stop() const noexcept { return *stop_; }

  /// Where this client's tasks run: `scope both{client.context()};`
  [[nodiscard]] task_context& context() noexcept { return context_; }
  [[nodiscard]] io::loop& loop() noexcept { return *loop_; }
  [[nodiscard]] const connection_limits& limits() const noexcept { return *limits_; }
  [[nodiscard]] int socket() const noexcept { return socket_; }

  /// Why this turn is the client's last one (service::notify_on_stop): the client has finished
  /// sending, so that only answers are owed, or it was silent for too long.
  [[nodiscard]] bool peer_has_finished() const noexcept {
    return noted_.last == last_turn::finished;
  }
  [[nodiscard]] bool was_silent_too_long() const noexcept {
    return noted_.last == last_turn::silent;
  }

  // For code that runs connections (serve), not for handlers.

  /// A connection on which clients take turns: it owns none of their sockets.
  connection(io::loop& on, const connection_limits& limits, const stop_flag& stop) noexcept
      : connection(on, os::descriptor(), limits, stop) {}
  enum class last_turn : std::uint8_t { no, finished, silent };
  /// The turn of a client begins, which has these bytes unread. `beside` may be null.
  void begin_turn(int socket, lease& unread, wake_source* beside, std::uint32_t idle,
                  last_turn why) noexcept {
    socket_ = socket;
    context_.cancelled = false;
    context_.failures = 0;
    context_.descriptor = socket;
    unread_.take_over(unread);
    deadline_ = deadline::never();
    beside_ = beside;
    idle_ms_ = idle;
    noted_ = {};
    noted_.last = why;
  }
  /// The turn is over, and the connection can be used for another client. Bytes that are unread go
  /// to `unread`, which is empty.
  void end_turn(lease& unread) noexcept {
    socket_ = -1;
    if (unread_.has_block()) [[unlikely]]
      unread.take_over(unread_);
  }

  /// A graceful stop may end a read() that has waited for its first byte in vain.
  void stop_ends_reads(bool yes) noexcept { stop_ends_reads_ = yes; }
  /// Ends such waits, if there are any.
  void end_wait_for_request() noexcept {
    for (auto* each = ended_by_stop_; each != nullptr; each = each->next)
      each->wait->cancel(*each->wait);
  }
  /// Whether anything was consumed since the last call: a turn that consumed nothing waits for
  /// more.
  [[nodiscard]] bool take_progress() noexcept { return std::exchange(noted_.progressed, false); }
  /// Whether any read has ended yet; for a handler without turns, which never calls
  /// take_progress().
  [[nodiscard]] bool has_read() const noexcept { return noted_.progressed || !unread_.empty(); }
  /// Takes bytes that were received for it.
  void put_unread(lease received) noexcept { unread_ = std::move(received); }
  /// A receive that does not wait: what has reached our kernel already, or nothing.
  [[nodiscard]] result<lease> receive_now() noexcept;
  /// A graceful stop ends this wait too, until it is taken back. Several tasks may have one each.
  void let_stop_end(detail::ended_by_stop& wait) noexcept {
    wait.next = std::exchange(ended_by_stop_, &wait);
  }
  /// Answers whether it was there.
  bool take_back(const detail::ended_by_stop& wait) noexcept;
  /// While the client is idle, news of this wake source begins a turn too; null: no more. A wake
  /// source calls this itself before it goes.
  void wake_by(wake_source* other) noexcept { beside_ = other; }
  [[nodiscard]] wake_source* beside() const noexcept { return beside_; }
  /// Gives the socket away; afterwards the connection cannot be used.
  [[nodiscard]] os::descriptor release_socket() noexcept;
  [[nodiscard]] std::uint32_t idle_ms() const noexcept { return idle_ms_; }
  /// Whether the peer may still send, so that a plain close could reset what it has not read yet.
  [[nodiscard]] bool wants_linger() const noexcept {
    return !noted_.peer_finished && !noted_.close_at_once;
  }
  [[nodiscard]] bool is_reset() const noexcept { return noted_.resets; }
  /// A write failed, by a limit or by the peer: the bytes under way are no whole answer.
  void note_failed_write() noexcept { noted_.write_failed = true; }
  [[nodiscard]] bool has_failed_to_write() const noexcept { return noted_.write_failed; }

 private:
  friend class detail::reading;
  friend class detail::filling;
  friend class detail::writing;
  friend class detail::writing_parts;
  friend class detail::sending_file;

  /// What became known of the client since its turn began.
  struct notes {
    bool peer_finished = false;
    bool close_at_once = false;
    bool resets = false;
    bool progressed = false;
    bool write_failed = false;
    bool is_closed = false;  ///< a pipe was closed by shutdown_send(), or the socket given away
    last_turn last = last_turn::no;
  };

  io::operation do_now(io::operation_kind kind) noexcept;
  void set_write_limits(io::operation& write, std::uint64_t size) const noexcept;

  io::loop* loop_;
  const connection_limits* limits_;
  const stop_flag* stop_;
  task_context context_;
  lease unread_;
  deadline deadline_;
  detail::ended_by_stop* ended_by_stop_ = nullptr;
  wake_source* beside_ = nullptr;
  int socket_;
  std::uint32_t idle_ms_;
  notes noted_;
  bool stop_ends_reads_ = false;
  bool is_handlers_own_ = false;  ///< only the connection waits for its last bytes
};

namespace detail {

class reading : public io::awaited<io::operation> {
 public:
  explicit reading(connection& from) noexcept;
  bool await_ready() const noexcept { return !from_.unread_.empty() || from_.noted_.is_closed; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
    if (from_.stop_ends_reads_) {
      from_.let_stop_end(stop_);
      result = -ECANCELED;
      if (from_.stop_requested()) return false;
    }
    return begin(*waiter.promise().context, waiter);
  }
  [[nodiscard]] samjoko::result<lease> await_resume();

 private:
  connection& from_;
  ended_by_stop stop_{this};
};

class filling : public io::awaited<io::operation> {
 public:
  explicit filling(connection& from) noexcept;
  bool await_ready() const noexcept { return size == 0 || from_.noted_.is_closed; }
  [[nodiscard]] samjoko::result<std::size_t> await_resume();

 private:
  connection& from_;
};

class writing : public io::awaited<io::operation> {
 public:
  writing(connection& to, bytes all) noexcept;
  bool await_ready() const noexcept { return size == 0; }
  [[nodiscard]] samjoko::result<void> await_resume() const;

 private:
  connection* to_;
};

template <class Part>
bytes part_of(const Part& part) noexcept {
  if constexpr (std::is_convertible_v<const Part&, std::string_view>) {
    return as_bytes(std::string_view(part));
  } else {
    return bytes(part);
  }
}

class writing_parts : public io::awaited<io::operation> {
 public:
  writing_parts(connection& to, std::initializer_list<bytes> parts) noexcept;
  bool await_ready() const noexcept { return size == 0; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
    data =
        reinterpret_cast<std::byte*>(parts_.data());  // not before: the awaiter has its place now
    return begin(*waiter.promise().context, waiter);
  }
  [[nodiscard]] samjoko::result<void> await_resume() const;

 private:
  connection* to_;
  std::array<iovec, connection::most_parts> parts_;
};

class sending_file : public io::awaited<io::file_operation> {
 public:
  sending_file(connection& to, int from, std::uint64_t from_offset, std::uint64_t count) noexcept;
  bool await_ready() const noexcept { return size == 0; }
  [[nodiscard]] samjoko::result<std::uint64_t> await_resume() const;

 private:
  connection* to_;
};

}  // namespace detail

inline detail::reading connection::read() noexcept { return detail::reading(*this); }
inline detail::filling connection::fill() noexcept { return detail::filling(*this); }
inline detail::writing connection::write(bytes all) noexcept { return {*this, all}; }
inline detail::writing connection::write(std::string_view all) noexcept {
  return {*this, as_bytes(all)};
}
inline detail::writing_parts connection::write(std::initializer_list<bytes> parts) noexcept {
  return {*this, parts};
}
template <class First, class Second, class... More>
detail::writing_parts connection::write(const First& first, const Second& second,
                                        const More&... more) noexcept {
  static_assert(sizeof...(More) + 2 <= most_parts, "too many parts in one write");
  return {*this, {detail::part_of(first), detail::part_of(second), detail::part_of(more)...}};
}
inline detail::sending_file connection::send_file(int file, std::uint64_t offset,
                                                  std::uint64_t size) noexcept {
  return {*this, file, offset, size};
}

}  // namespace samjoko
