#include <samjoko/web/http_service.hpp>

#include <cerrno>
#include <samjoko/base/check.hpp>
#include <samjoko/log/writer.hpp>
#include <samjoko/web/http_turn.hpp>

namespace samjoko::web {
namespace {

task<bool> flush(connection& client, output& out) {
  if (out.empty()) co_return true;
  const auto sent = co_await client.write(out.text());
  out.clear();
  co_return sent.has_value();
}

proto::refusal body_refusal(const error& why) noexcept {
  if (why.is(ETIMEDOUT)) return {408, "the body came too slowly"};
  return {0, {}};
}

/// Receives until the body ends. False: nothing more can be answered.
task<bool> read_away_body(connection& client, http_turn& turn) {
  client.set_deadline(client.loop().deadline_after(turn.settings().options.body_timeout));
  auto& body = *turn.late().body;
  while (!body.done()) {
    const auto more = co_await client.fill();
    if (!more) {
      const auto why = body_refusal(more.error());
      if (why.status == 0) co_return false;
      turn.body_failed(why);
      co_return true;
    }
    const auto step = body.discard(as_text(client.unread()));
    client.consume(step.consumed);
    if (step.is == proto::body_step::state::refused) {
      client.set_deadline(deadline::never());
      turn.body_failed(step.because);
      co_return true;
    }
  }
  client.set_deadline(deadline::never());
  turn.settle_late();
  co_return true;
}

/// Sends one stretch of a body behind what is in the buffer already, by as few system calls as it
/// can. `begun` of its bytes are in the buffer.
task<bool> send_piece(connection& client, output& out, const response& answer,
                      response::piece piece, std::uint64_t begun) {
  if (!piece.of_file) {
    auto both = client.write({out.text(), as_bytes(piece.text)});  // named: GCC 12 cannot await it
    const auto sent = co_await both;
    out.clear();
    co_return sent.has_value();
  }
  if (begun == piece.size) co_return true;
  const bool flushed = co_await flush(client, out);
  if (!flushed) co_return false;
  const auto rest = piece.size - begun;
  const auto& file = *answer.file();
  const auto sent = co_await client.send_file(file.descriptor.get(), piece.offset + begun, rest);
  if (sent && *sent < rest) file.changed = true;
  co_return sent && *sent == rest;
}

/// Sends a chunk (RFC 9112 section 7.1), or in HTTP/1.0 its bytes. What is in the buffer goes
/// first.
task<bool> send_chunk(connection& client, output& out, std::string_view text, bool chunked) {
  if (text.empty()) co_return true;  // an empty chunk would be the last
  std::string_view end;
  if (chunked) {
    if (!append_chunk_size(out, text.size())) co_return false;
    end = "\r\n";
  }
  auto all = client.write({out.text(), as_bytes(text), as_bytes(end)});  // named: as in send_piece
  const auto sent = co_await all;
  out.clear();
  co_return sent.has_value();
}

/// Sends a body of unknown size. A client can tell a body that breaks off from one that ends: in
/// chunks by the missing last chunk, before HTTP/1.1 by a reset.
task<bool> send_source(connection& client, http_turn& turn) {
  auto& out = turn.out();
  const auto& [answer, form, body, head, aged, stands] = turn.late();
  const bool chunked = form.version_minor > 0;
  const bool begun = co_await send_chunk(client, out, answer.piece_at(0).text, chunked);
  std::string text;
  if (!begun) co_return false;
  for (bool more = true; more;) {
    text.clear();
    const auto added = answer.source()->add_to(text);
    if (!added) {
      log::warning("http", "an answer breaks off: {}", added.error().sentence());
      if (!chunked) client.reset();
      co_return false;
    }
    more = *added;
    const bool sent = co_await send_chunk(client, out, text, chunked);
    if (!sent) co_return false;
  }
  if (chunked) {
    const auto sent = co_await client.write("0\r\n\r\n");
    if (!sent) co_return false;
  }
  turn.late_sent();
  co_return true;
}

task<bool> send_late(connection& client, http_turn& turn) {
  auto& out = turn.out();
  if (!out.empty()) {
    const bool flushed = co_await flush(client, out);
    if (!flushed) co_return false;
    turn.late_ages();
  }
  auto begun = turn.begin_late();
  const auto& answer = turn.late().answer;
  if (answer.source() != nullptr && !turn.late().form.head_only) {
    const bool sent = co_await send_source(client, turn);
    co_return sent;
  }
  if (!turn.late().form.head_only && answer.may_have_body()) {
    for (std::size_t i = 0; i < answer.piece_count(); ++i) {
      const auto piece = answer.piece_at(i);
      if (i > 0 && piece.of_file) {
        const auto added = append_file(out, answer, piece, longer_file::will_do);
        if (added < 0) co_return false;
        begun = static_cast<std::uint64_t>(added);
      }
      const bool sent = co_await send_piece(client, out, answer, piece, begun);
      if (!sent) co_return false;
    }
  }
  turn.late_sent();
  co_return true;
}

/// False: the connection is of no further use.
task<bool> see_to_late(connection& client, http_turn& turn) {
  if (turn.late().body) {
    const bool flushed = co_await flush(client, turn.out());
    if (!flushed) co_return false;
    const bool goes_on = co_await read_away_body(client, turn);
    if (!goes_on || !turn.is_late()) co_return goes_on;
    turn.late_ages();
  }
  co_return co_await send_late(client, turn);
}

/// False: the head will not come; the answer to that, if any, stands in the buffer.
task<bool> receive_more(connection& client, http_turn& turn) {
  if (client.current_deadline().is_never()) {
    client.set_deadline(client.loop().deadline_after(turn.settings().options.head_timeout));
  }
  turn.out().release();
  const auto more = co_await client.fill();
  if (!more) turn.head_failed(more.error());
  co_return more.has_value();
}

task<next> take_turn(connection& client, const http_settings& settings) {
  http_turn turn(client, settings);
  for (;;) {
    const auto then = turn.answer_ready();
    if (then == after::late) {
      const bool goes_on = co_await see_to_late(client, turn);
      if (!goes_on) co_return next::close;
      continue;
    }
    if (!turn.out().empty()) {
      const auto sent = co_await client.write(turn.out().text());
      if (!sent) co_return next::close;
      turn.out().clear();
    }
    if (then == after::keep) co_return next::keep;
    if (then == after::close) {
      turn.ended();
      co_return next::close;
    }
    static_cast<void>(co_await receive_more(client, turn));
  }
}

}  // namespace

service http_service(std::string name, http_options options, http_handler handler) {
  const auto checked = check_options(options);
  SAMJOKO_CHECK(checked, "the options of an HTTP service are checked before it is made");
  const auto with = [handler = std::move(handler)](const http_options& limits) {
    const auto settings = std::make_shared<const http_settings>(limits, handler);
    return samjoko::handler(
        [settings](connection& client) { return take_turn(client, *settings); });
  };
  return {.name = std::move(name),
          .handler = with(options),
          .with_http_options = with,
          .http = std::make_shared<const http_options>(options)};
}

}  // namespace samjoko::web
