// The options that each service of a program may have for itself: how a client is served, where,
// within which limits. A row is all there is to an option (option.hpp says what its fields mean).
#include <samjoko/cli/option_rows.hpp>

#include <samjoko/web/http_options.hpp>

namespace samjoko::cli {
namespace {

using options = serve_options;
using limits = serve_limits;
using connection = connection_limits;

option_group placement_rows() {
  return {"Who serves a client",
          {
              {.name = "model",
               .kind = "MODEL",
               .standard = "multiplex",
               .help = "process, thread or multiplex",
               .audience = applies_to::model_choice,
               .choices = {"process", "thread", "multiplex"},
               .take = into(parse_model, &options::placed, &placement_choice::model)},
              {.name = "spawn",
               .kind = "SPAWN",
               .standard = "pool",
               .help = "each: one for each client; pool; of processes or threads",
               .audience = applies_to::spawn_choice,
               .choices = {"each", "pool"},
               .take = into(parse_spawn, &options::placed, &placement_choice::spawn)},
              {.name = "workers",
               .kind = "N",
               .help = "worker processes",
               .audience = applies_to::workers_choice,
               .standard_words = "cores for multiplex, else 1",
               .take = into(parse_workers, &options::placed, &placement_choice::workers)},
              {.name = "pool-min",
               .kind = "N",
               .standard = "4",
               .help = "members kept ready",
               .audience = applies_to::pools,
               .take = into(count_between(1, million), &options::limits, &limits::pool_min)},
              {.name = "pool-max",
               .kind = "N",
               .standard = "256",
               .help = "members at most",
               .audience = applies_to::pools,
               .take = into(count_between(1, million), &options::limits, &limits::pool_max)},
              {.name = "pool-idle",
               .kind = "TIME",
               .standard = "10s",
               .help = "surplus members leave after",
               .audience = applies_to::pools,
               .take = into(parse_time, &options::limits, &limits::pool_idle)},
              {.name = "recycle-after",
               .kind = "N",
               .standard = "0",
               .help = "a pool process leaves after so many clients; 0: never",
               .audience = applies_to::process_pools,
               .take = into(count_between(0, 1000 * million), &options::limits,
                            &limits::recycle_after)},
              {.name = "stack-size",
               .kind = "SIZE",
               .standard = "256k",
               .help = "stack of a thread",
               .audience = applies_to::threads,
               .take = into(
                   size_between(96 << 10, 1 << 30, "what serves a client needs some 40k of it"),
                   &options::limits, &limits::stack_size)},
          }};
}

option_group socket_rows() {
  return {"Where",
          {
              {.name = "listen",
               .kind = "ADDRESS",
               .standard = "127.0.0.1:7000",
               .help = "[::1]:7000, :7000, unix:/path, fd:3, fd:NAME; may be repeated;\n"
                       ",model=MODEL ,spawn=SPAWN ,workers=N behind it\n"
                       "hold for this listener alone",
               .letter = 'l',
               .repeats = true,
               .take = into(parse_listener, &options::listen)},
              {.name = "backlog",
               .kind = "N",
               .standard = "4096",
               .help = "clients waiting in the kernel",
               .take = into(count_between(1, 65535), &options::backlog)},
              {.name = "unix-mode",
               .kind = "MODE",
               .help = "permission bits of a unix socket, such as 660",
               .audience = applies_to::unix_sockets,
               .standard_words = "as created",
               .take = into(parse_mode, &options::unix_mode)},
              {.name = "unix-owner",
               .kind = "OWNER",
               .help = "of a unix socket: USER, USER:GROUP or :GROUP",
               .audience = applies_to::unix_sockets,
               .standard_words = "as created",
               .take = into(parse_text, &options::unix_owner)},
          }};
}

option_group limit_rows() {
  return {"Limits",
          {
              {.name = "max-connections",
               .kind = "N",
               .help = "open at once in all workers",
               .standard_words = "as many as descriptors",
               .take = into(count_between(1, million), &options::limits, &limits::max_connections)},
              {.name = "max-connections-per-peer",
               .kind = "N",
               .help = "of them, from one IPv4 address or IPv6 /64",
               .standard_words = "any",
               .take = into(count_between(1, million), &options::limits,
                            &limits::max_connections_per_peer)},
              {.name = "max-children",
               .kind = "N",
               .standard = "100",
               .help = "programs at once in all workers",
               .audience = applies_to::programs,
               .take = into(count_between(1, million), &options::max_children)},
              {.name = "idle-timeout",
               .kind = "TIME",
               .standard = "60s",
               .help = "silence of a client; 0: no limit",
               .audience = applies_to::own_bytes,
               .take = into(parse_time, &options::limits, &limits::connection, &connection::idle)},
              {.name = "turn-timeout",
               .kind = "TIME",
               .standard = "0",
               .help = "one turn of a client (a request, a line); 0: no limit",
               .audience = applies_to::all,
               .take = into(parse_time, &options::limits, &limits::connection, &connection::turn)},
              {.name = "write-timeout",
               .kind = "TIME",
               .standard = "30s",
               .help = "a client that takes nothing; 0: no limit",
               .audience = applies_to::own_bytes,
               .take = into(parse_time, &options::limits, &limits::connection,
                            &connection::write_idle)},
              {.name = "min-write-rate",
               .kind = "SIZE",
               .standard = "512",
               .help = "bytes per second a client must take; 0: any",
               .audience = applies_to::own_bytes,
               .take = into(parse_size, &options::limits, &limits::connection,
                            &connection::minimum_write_rate)},
              {.name = "write-grace",
               .kind = "TIME",
               .standard = "10s",
               .help = "before that rate counts",
               .audience = applies_to::own_bytes,
               .take = into(parse_time, &options::limits, &limits::connection,
                            &connection::write_grace)},
          }};
}

option_group destination_rows() {
  return {"Where connections go",
          {
              {.name = "resolve-every",
               .kind = "TIME",
               .standard = "30s",
               .help = "a host's name that is connected to is looked up again",
               .audience = applies_to::connecting,
               .take = into(time_between(milliseconds(1000), std::chrono::hours(24)),
                            &options::resolve_every)},
          }};
}

option_group directory_rows() {
  return {
      "Directories that are shown",
      {
          {.name = "list",
           .standard = "false",
           .help = "show directories without an index.html",
           .audience = applies_to::lists,
           .take = into(parse_switch, &options::http, &http_settings::list)},
          {.name = "listing-max",
           .kind = "N",
           .standard = "100000",
           .help = "names in a directory that is shown; above: 503",
           .audience = applies_to::lists,
           .take = into(count_between(1, million), &options::http, &http_settings::listing_max)},
      }};
}

/// The name of a space goes into one frame of the hub.
result<std::string> parse_space(std::string_view text) {
  constexpr std::size_t longest = 64;
  if (!text.empty() && text.size() <= longest) return std::string(text);
  return failure(
      condition::bad_argument, "value",
      fmt::format("'{}' has {} bytes: a space's name has 1 to {}", text, text.size(), longest));
}

option_group chat_rows() {
  return {"Services whose clients meet",
          {
              {.name = "hub-space",
               .kind = "NAME",
               .help = "services with the same name here share names and topics",
               .audience = applies_to::hub,
               .standard_words = "the service's own name",
               .take = into(parse_space, &options::hub_space)},
              {.name = "chat-rate",
               .kind = "N",
               .standard = "20",
               .help = "lines a second of one sender, five seconds' worth at\nonce; 0: any number",
               .audience = applies_to::chats,
               .take = into(count_between(0, 1'000'000), &options::chat_rate)},
          }};
}

option_group http_rows() {
  constexpr auto most_head = web::most_head_size;
  return {"Services that speak HTTP",
          {
              {.name = "identify",
               .standard = "false",
               .help = "add X-Served-By: PID/TID/MODEL",
               .audience = applies_to::http,
               .take = into(parse_switch, &options::http, &http_settings::identify)},
              {.name = "max-head",
               .kind = "SIZE",
               .standard = "16k",
               .help = "bytes of a request's head",
               .audience = applies_to::http,
               .take = into(size_between(web::least_head_size, most_head, "no head may be longer"),
                            &options::http, &http_settings::max_head)},
              {.name = "max-target",
               .kind = "SIZE",
               .standard = "8k",
               .help = "bytes of its target",
               .audience = applies_to::http,
               .take = into(size_between(1, most_head, "it is part of a head"), &options::http,
                            &http_settings::max_target)},
              {.name = "max-headers",
               .kind = "N",
               .standard = "100",
               .help = "its header fields",
               .audience = applies_to::http,
               .take = into(count_between(1, proto::field_count_cap), &options::http,
                            &http_settings::max_headers)},
              {.name = "max-body",
               .kind = "SIZE",
               .standard = "64k",
               .help = "bytes of a body read away",
               .audience = applies_to::http,
               .take = into(parse_size, &options::http, &http_settings::max_body)},
              {.name = "head-timeout",
               .kind = "TIME",
               .standard = "20s",
               .help = "for a whole head",
               .audience = applies_to::http,
               .take = into(parse_time, &options::http, &http_settings::head_timeout)},
              {.name = "body-timeout",
               .kind = "TIME",
               .standard = "30s",
               .help = "for a whole body",
               .audience = applies_to::http,
               .take = into(parse_time, &options::http, &http_settings::body_timeout)},
          }};
}

}  // namespace

std::vector<option_group> service_options() {
  return {placement_rows(), socket_rows(),    limit_rows(), destination_rows(),
          http_rows(),      directory_rows(), chat_rows()};
}

}  // namespace samjoko::cli
