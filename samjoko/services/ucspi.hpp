#pragma once
// Charter: what a program that serves one client on its standard streams finds in its environment:
// the conventions of ucspi-tcp (tcpserver(1)) and ucspi-unix, which its programs have known since
// 1996 (cr.yp.to/proto/ucspi.txt).

#include <string>
#include <vector>

namespace samjoko::services {

/// TCP: PROTO=TCP, TCPLOCALIP, TCPLOCALPORT, TCPREMOTEIP, TCPREMOTEPORT. The same for IPv6, with
/// its addresses, as s6-tcpserver does; IPv4 through a socket of both is written as IPv4. Unix:
/// PROTO=UNIX, UNIXLOCALPATH, UNIXLOCALUID, UNIXLOCALGID, UNIXREMOTEEUID, UNIXREMOTEEGID,
/// UNIXREMOTEPID. (UNIXLOCALPID is left out: it is the program's own.)
/// What is not known, such as the peer of a client that is gone, is left out too.
[[nodiscard]] std::vector<std::string> ucspi_environment(int socket);

/// The names of all variables of both conventions, and of those that tell what a resolver or ident
/// knows of the peer: the values that this process was given describe another connection.
[[nodiscard]] const std::vector<std::string>& ucspi_names();

}  // namespace samjoko::services
