# libdw (elfutils) names the calls on a dead worker's stack (samjoko/os/call_frames.cpp). Without it
# deaths are told with addresses only.
option(SAMJOKO_LIBDW "Unwind the stacks of crashed workers by libdw" ON)
set(SAMJOKO_LIBDW_LIBRARIES "")
set(SAMJOKO_LIBDW_STATIC "")
if(SAMJOKO_LIBDW)
  find_path(SAMJOKO_LIBDW_INCLUDE elfutils/libdwfl.h)
  find_library(SAMJOKO_LIBDW_LIBRARY dw)
  mark_as_advanced(SAMJOKO_LIBDW_INCLUDE SAMJOKO_LIBDW_LIBRARY)
  if(SAMJOKO_LIBDW_INCLUDE AND SAMJOKO_LIBDW_LIBRARY)
    target_compile_definitions(samjoko_os PRIVATE SAMJOKO_LIBDW)
    target_include_directories(samjoko_os PRIVATE ${SAMJOKO_LIBDW_INCLUDE})
    # By their names, so that the installed package and its linker flags say the same.
    set(SAMJOKO_LIBDW_LIBRARIES dw elf)
    # What a static libdw needs for compressed files (its libdw.pc says so).
    set(SAMJOKO_LIBDW_STATIC ${SAMJOKO_LIBDW_LIBRARIES} z lzma bz2)
    target_link_libraries(samjoko_os PRIVATE ${SAMJOKO_LIBDW_LIBRARIES})
  else()
    message(WARNING "libdw was not found (Debian: libdw-dev): the stacks of crashed workers will "
      "be addresses without names. Install it, or set SAMJOKO_LIBDW=OFF.")
  endif()
endif()
list(TRANSFORM SAMJOKO_LIBDW_LIBRARIES PREPEND "-l" OUTPUT_VARIABLE SAMJOKO_LIBDW_FLAGS)
list(JOIN SAMJOKO_LIBDW_FLAGS " " SAMJOKO_LIBDW_FLAGS)
