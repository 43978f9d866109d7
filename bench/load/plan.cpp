#include <load/plan.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string_view>

namespace load {
namespace {

constexpr const char* usage =
    "usage: load MODE --port P [--path /] [--connections N] [--body-size B] [--pieces 1]\n"
    "            [--warm-seconds S] [--seconds S] [--warm-operations N] [--operations N]\n"
    "MODE: echo, connect (connect, one echo, close), http, pipelined (by 16), once (an HTTP "
    "connection\n"
    "for each request), hold-echo, hold-http (one operation each, then held)\n"
    "After each of the two phases it prints a line of JSON and waits for a line on standard "
    "input.\n";

[[noreturn]] void explain() {
  std::fputs(usage, stderr);
  std::exit(2);
}

bool set_mode(plan& to_do, std::string_view mode) {
  if (mode == "connect") to_do.reconnects = true;
  if (mode == "once") to_do.what = talk::http_once, to_do.reconnects = true;
  if (mode == "http" || mode == "pipelined" || mode == "hold-http") to_do.what = talk::http;
  if (mode == "pipelined") to_do.depth = 16;
  if (mode.starts_with("hold-")) to_do.holds = true;
  return to_do.what != talk::echo || mode == "echo" || mode == "connect" || mode == "hold-echo";
}

std::string request_for(const plan& to_do, const std::string& path) {
  std::string all;
  if (to_do.what == talk::echo) {
    while (all.size() < 63) all += static_cast<char>('a' + all.size() % 26);
    return all + '\n';
  }
  const auto* close = to_do.what == talk::http_once ? "Connection: close\r\n" : "";
  for (std::uint64_t i = 0; i < to_do.depth; ++i)
    all += "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + close + "\r\n";
  return all;
}

}  // namespace

plan parse(int argc, char** argv) {
  plan to_do;
  std::map<std::string, std::string> given{{"--path", "/"}, {"--connections", "64"}};
  if (argc < 2 || argc % 2 != 0 || !set_mode(to_do, argv[1])) explain();
  for (int i = 2; i < argc; i += 2) given[argv[i]] = argv[i + 1];
  auto number = [&given](const char* name, double most) {
    return std::clamp(std::atof(given[name].c_str()), 0.0, most);
  };
  auto count = [&number](const char* name, double most) {
    return static_cast<std::uint64_t>(number(name, most));
  };
  to_do.port = static_cast<int>(number("--port", 65535));
  to_do.connections = std::max<std::uint64_t>(count("--connections", 20000), 1);
  to_do.body_size = count("--body-size", 1e9);
  to_do.in_pieces = count("--pieces", 1) != 0;
  to_do.warm_seconds = number("--warm-seconds", 60);
  to_do.seconds = number("--seconds", 60);
  to_do.warm_operations = count("--warm-operations", 1e8);
  to_do.operations = count("--operations", 1e8);
  to_do.request = request_for(to_do, given["--path"]);
  if (to_do.port == 0) explain();
  return to_do;
}

}  // namespace load
