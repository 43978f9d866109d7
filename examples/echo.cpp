// The smallest server: it sends back what it receives. The model is chosen when it is started:
//
//   echo --model process --listen 127.0.0.1:7000
#include <samjoko/samjoko.hpp>

samjoko::task<> echo(samjoko::connection& client) {
  while (auto bytes = co_await client.read()) {
    const auto written = co_await client.write(*bytes);
    if (!written) co_return;
  }
}

int main(int argc, char** argv) {
  return samjoko::run(argc, argv, {.name = "echo", .handler = echo});
}
