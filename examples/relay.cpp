// Passes bytes between a client and another server, both ways at once:
//
//   relay --listen :7000     passes on to 127.0.0.1:7001; RELAY_TO=ADDRESS: to another
// Three ends have to be told apart. A side that finishes sending ends its own direction: the other
// direction goes on. A reset, or a failed write, is an abort, and has to become an abort on the
// other side too: a plain end there would say that all had come. A direction that is silent is no
// end while the other one sends.
#include <cstdlib>
#include <samjoko/samjoko.hpp>

namespace {

struct exchange {
  samjoko::steady::time_point last = samjoko::steady::now();  // when a byte last passed
  int finished = 0;                                           // of the two directions
};

samjoko::task<samjoko::result<void>> pass_on(samjoko::connection& from, samjoko::connection& to,
                                             exchange& both) {
  for (;;) {
    auto bytes = co_await from.read();
    if (!bytes && bytes.error().is(samjoko::condition::end_of_stream)) break;
    const bool was_silent = !bytes && bytes.error().is(ETIMEDOUT);
    if (was_silent && samjoko::steady::now() - both.last < from.limits().idle) continue;
    if (!bytes) co_return std::unexpected(bytes.error());
    both.last = samjoko::steady::now();
    const auto written = co_await to.write(*bytes);
    if (!written) co_return written;
  }
  to.shutdown_send();
  ++both.finished;
  co_return samjoko::result<void>{};
}

samjoko::task<> relay(samjoko::connection& client) {
  const char* const chosen = std::getenv("RELAY_TO");
  const auto where = samjoko::os::address::parse(chosen != nullptr ? chosen : "127.0.0.1:7001");
  client.reset();  // an abort, until both sides have ended well
  if (!where) co_return;
  auto socket = co_await samjoko::connect(client, *where, samjoko::milliseconds(5000));
  if (!socket) co_return;
  samjoko::connection server(client, std::move(*socket));
  server.reset();
  exchange both;
  samjoko::scope directions(client.context());
  directions.spawn(pass_on(client, server, both));
  directions.spawn(pass_on(server, client, both));
  const auto ended = co_await directions.join();  // the first failure cancels the other
  if (!ended || both.finished != 2) co_return;
  client.reset(false);
  server.reset(false);
  client.close_at_once();
}

}  // namespace

int main(int argc, char** argv) {
  return samjoko::run(argc, argv, {.name = "relay", .handler = relay});
}
