# c-ares looks up the names of hosts (samjoko/os/host_lookup.cpp). Debian has it as an archive too,
# which the contained program is linked with.
find_path(SAMJOKO_CARES_INCLUDE ares.h REQUIRED)
find_library(SAMJOKO_CARES_LIBRARY cares REQUIRED)
mark_as_advanced(SAMJOKO_CARES_INCLUDE SAMJOKO_CARES_LIBRARY)
target_link_libraries(samjoko_os PUBLIC cares)
