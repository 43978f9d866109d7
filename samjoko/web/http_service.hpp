#pragma once
// Charter: a service that speaks HTTP/1.1 (RFC 9112). It is a handler of the turn form: a client
// that keeps its connection open and is silent costs no frame and no buffer. All requests that have
// arrived are answered, in order, before anything is written, so pipelined requests share their
// system calls.

#include <samjoko/service/handler.hpp>
#include <samjoko/web/http_handler.hpp>
#include <samjoko/web/http_options.hpp>

namespace samjoko::web {

/// `options` must pass check_options().
[[nodiscard]] service http_service(std::string name, http_options options, http_handler handler);

}  // namespace samjoko::web
