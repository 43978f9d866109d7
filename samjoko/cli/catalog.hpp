#pragma once
// Charter: the services that the program itself contains, by name.

#include <samjoko/cli/options.hpp>
#include <samjoko/service/handler.hpp>

namespace samjoko::cli {

[[nodiscard]] const std::vector<service_entry>& catalog();

/// Makes the service that `options` name. Errors: wrong number of arguments, a missing directory,
/// an address that cannot be parsed.
[[nodiscard]] result<service> make_service(const serve_options& options);

}  // namespace samjoko::cli
