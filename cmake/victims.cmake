# Programs that die, for postmortem_test: linked in each way that a user's may be,
# optimized and without frame pointers, since that is what unwinding must get through; and a
# stripped library.
set(victim_folder ${CMAKE_CURRENT_BINARY_DIR}/victims)
set(victim_sources tests/victims/victim.cpp tests/victims/faults.cpp)
set(victim_options -O2 -fomit-frame-pointer -fstack-protector-all)
set(sanitized FALSE)
if(CMAKE_CXX_FLAGS MATCHES "-fsanitize")
  set(sanitized TRUE)
  # They would be reported before they die.
  list(APPEND victim_options -fno-sanitize=all)
endif()
set_source_files_properties(tests/victims/faults.cpp PROPERTIES COMPILE_OPTIONS
  "${victim_options};-Wno-infinite-recursion;-Wno-free-nonheap-object;-Wno-array-bounds")

function(samjoko_victim name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${victim_sources} ${ARG_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${victim_folder})
  target_include_directories(${name} PRIVATE tests)
  samjoko_compile_in_room(${name} PRIVATE postmortem)
  target_compile_options(${name} PRIVATE -O2 -fomit-frame-pointer)
  target_link_libraries(${name} PRIVATE samjoko_options $<TARGET_FILE:samjoko_postmortem>
    $<TARGET_FILE:samjoko_scoreboard> $<TARGET_FILE:samjoko_log> $<TARGET_FILE:samjoko_os>
    $<TARGET_FILE:samjoko_base> Threads::Threads)
  target_link_options(${name} PRIVATE ${ARG_LINK})
  add_dependencies(${name} samjoko_postmortem)
  add_dependencies(postmortem_test ${name})
endfunction()

add_library(victim_library SHARED tests/victims/stripped_library.cpp)
set_target_properties(victim_library PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${victim_folder})
target_include_directories(victim_library PRIVATE tests)
target_compile_options(victim_library PRIVATE -O2 -fomit-frame-pointer)
target_link_options(victim_library PRIVATE -s)

samjoko_victim(victim_pie LINK -pie)
samjoko_victim(victim_fixed LINK -no-pie)
target_compile_options(victim_pie PRIVATE -fPIE)
target_link_libraries(victim_pie PRIVATE victim_library)
target_link_libraries(victim_fixed PRIVATE victim_library)
target_compile_options(victim_fixed PRIVATE -fno-pie)
set(victim_names "pie,fixed")
if(NOT sanitized)  # their runtimes cannot be linked statically
  samjoko_victim(victim_static SOURCES tests/victims/stripped_library.cpp LINK -static)
  samjoko_victim(victim_static_pie SOURCES tests/victims/stripped_library.cpp LINK -static-pie)
  set(victim_names "${victim_names},static,static_pie")
endif()
# crash_bed.hpp is compiled alone too, as every header is.
foreach(reader postmortem_test postmortem_headers)
  if(NOT TARGET ${reader})  # headers are not compiled alone under sanitizers
    continue()
  endif()
  target_compile_definitions(${reader} PRIVATE SAMJOKO_VICTIMS="${victim_folder}/victim_"
    SAMJOKO_VICTIM_NAMES="${victim_names}")
endforeach()
