# The program `samjoko`, from samjoko/cli/main.cpp.
set(main ${CMAKE_CURRENT_SOURCE_DIR}/samjoko/cli/main.cpp)
if(NOT EXISTS ${main})
  return()
endif()
add_executable(samjoko ${main})
samjoko_compile_in_room(samjoko PRIVATE cli)
target_link_libraries(samjoko PRIVATE samjoko_options samjoko_private_names)

# What a fork costs is mappings, dirty pages and page faults (docs/performance.md). The contained
# program is linked statically and at a fixed address: no shared library's mappings, nothing
# relocated, nothing dirtied by a loader.
if(SAMJOKO_CONTAINED)
  add_dependencies(samjoko samjoko_library)
  target_sources(samjoko PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/cmake/no_services.cpp
    ${CMAKE_CURRENT_SOURCE_DIR}/cmake/no_loader.cpp)
  target_link_libraries(samjoko PRIVATE $<TARGET_FILE:samjoko_library> cares)
  if(SAMJOKO_LINKED_LIBDW)
    target_sources(samjoko PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/cmake/linked_libdw.cpp)
    target_compile_definitions(samjoko PRIVATE SAMJOKO_LIBDW)
    target_link_libraries(samjoko PRIVATE ${SAMJOKO_LINKED_LIBDW})
  endif()
  set_target_properties(samjoko PROPERTIES LINK_DEPENDS
    "$<TARGET_FILE:samjoko_library>;${CMAKE_CURRENT_SOURCE_DIR}/cmake/hot_functions.order")
  target_link_options(samjoko PRIVATE -static -Wl,--gc-sections)
  # A page fault maps 64 KiB of the program. The functions that a client's process runs are laid
  # side by side, those of the C library among them, so that it takes one or two of them instead
  # of a dozen. Only lld can order by symbol; without it the program is the same and forks a
  # little slower.
  find_program(SAMJOKO_LLD NAMES ld.lld-19 ld.lld)
  mark_as_advanced(SAMJOKO_LLD)
  if(SAMJOKO_LLD)
    set(linker_folder ${CMAKE_CURRENT_BINARY_DIR}/linker)
    file(MAKE_DIRECTORY ${linker_folder})
    file(CREATE_LINK ${SAMJOKO_LLD} ${linker_folder}/ld.lld SYMBOLIC)
    target_link_options(samjoko PRIVATE -B${linker_folder} -fuse-ld=lld
      -Wl,--symbol-ordering-file=${CMAKE_CURRENT_SOURCE_DIR}/cmake/hot_functions.order
      -Wl,--no-warn-symbol-ordering)
  endif()
else()
  target_link_libraries(samjoko PRIVATE samjoko_library)
endif()
install(TARGETS samjoko RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
