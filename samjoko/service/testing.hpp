#pragma once
// Charter: tries a handler out in a unit test: a whole conversation from a script, in memory,
// without sockets or waiting. Turns are restarted from the top after every rest, as in a server, so
// the first test finds a local variable that should have been state:
//
//   EXPECT_EQ(samjoko::converse(my_service(), {"one\n", "two\n"}), "1\n2\n");

#include <initializer_list>
#include <samjoko/service/handler.hpp>
#include <string>
#include <string_view>

namespace samjoko {

/// Each piece of the script arrives by itself, when the handler waits for bytes; then the client
/// has finished sending. Returns all that was written, including files that were sent. Sleeps end
/// at once. A handler that waits for something the script never provides ends the program with a
/// message. A handler that connects elsewhere gets ENETUNREACH. An exception of a handler closes
/// its client and is logged, as in a server.
[[nodiscard]] std::string converse(const service& offered,
                                   std::initializer_list<std::string_view> script);

}  // namespace samjoko
