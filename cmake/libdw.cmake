# libdw (elfutils) names the calls on a dead worker's stack (samjoko/postmortem/call_frames.cpp).
# Compiled for by its header, loaded by the helper that unwinds; the contained program is linked
# with it. Without it deaths are told with addresses only.
option(SAMJOKO_LIBDW "Unwind the stacks of crashed workers by libdw" ON)
set(SAMJOKO_LINKED_LIBDW "")
if(SAMJOKO_LIBDW)
  find_path(SAMJOKO_LIBDW_INCLUDE elfutils/libdwfl.h)
  mark_as_advanced(SAMJOKO_LIBDW_INCLUDE)
  if(SAMJOKO_LIBDW_INCLUDE)
    target_compile_definitions(samjoko_postmortem PRIVATE SAMJOKO_LIBDW)
    target_include_directories(samjoko_postmortem PRIVATE ${SAMJOKO_LIBDW_INCLUDE})
    # What a static libdw needs for compressed files (its libdw.pc says so).
    set(SAMJOKO_LINKED_LIBDW dw elf z lzma bz2)
  else()
    message(WARNING "libdw was not found (Debian: libdw-dev): the stacks of crashed workers will "
      "be addresses without names. Install it, or set SAMJOKO_LIBDW=OFF.")
  endif()
endif()
