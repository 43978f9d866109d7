#pragma once
// Charter: tries a handler out in a unit test: a whole conversation from a script, in memory,
// without sockets or waiting. Turns are restarted from the top after every rest, as in a server, so
// that a local that should have been state is found by the first test:
//
//   EXPECT_EQ(samjoko::converse(my_service(), {"one\n", "two\n"}), "1\n2\n");

#include <initializer_list>
#include <samjoko/serve/handler.hpp>
#include <string>
#include <string_view>

namespace samjoko {

/// Each piece of the script arrives by itself, when the handler waits for bytes; then the client
/// has finished sending. Returns all that was written, files that were sent included. Sleeps end at
/// once. A handler that waits for what nobody feeds ends the program, with words. A handler that
/// connects elsewhere gets ENETUNREACH. What a handler throws closes its client and is logged, as
/// in a server.
[[nodiscard]] std::string converse(const service& offered,
                                   std::initializer_list<std::string_view> script);

}  // namespace samjoko
