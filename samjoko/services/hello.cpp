#include <samjoko/services/hello.hpp>

namespace samjoko::services {
namespace {

void greet(const proto::request&, web::response& answer) {
  answer.lines("Content-Type: text/plain\r\n");
  answer.body("Hello, World!");
}

}  // namespace

service make_hello(web::http_options options) { return web::http_service("hello", options, greet); }

}  // namespace samjoko::services
