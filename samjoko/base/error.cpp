#include <samjoko/base/error.hpp>

#include <system_error>

namespace samjoko {

std::string reason(int code) {
  switch (static_cast<condition>(code)) {
    case condition::end_of_stream: return "end of stream";
    case condition::too_long: return "longer than the limit";
    case condition::too_slow: return "slower than the minimum rate";
    case condition::stopping: return "the server is stopping";
    case condition::malformed: return "malformed";
    case condition::bad_argument: return "not understood";
    case condition::unknown_host: return "no such host";
    case condition::no_name_server: return "no name server answered";
  }
  return std::generic_category().message(code);
}

std::string error::sentence() const {
  std::string text = call_;
  if (!on_.empty()) text.append(" ").append(on_);
  return text.append(": ").append(reason(code_));
}

}  // namespace samjoko
