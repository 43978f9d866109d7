// The tables of services (/etc/services) inside a static program: there are none. c-ares asks them
// only for a port that is no number, which Samjoko never hands it; the C library's own would load
// modules (man 5 nsswitch.conf), which crashes in a static program. They stand in the program's own
// object file, so that the linker does not take those of libc.a.
#include <netdb.h>

#include <cerrno>

extern "C" {
servent* getservbyname(const char*, const char*) { return nullptr; }
int getservbyport_r(int, const char*, servent*, char*, size_t, servent** found) {
  *found = nullptr;
  return ENOENT;
}
}
