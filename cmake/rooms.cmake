# samjoko_room(NAME [ALLOW ROOM...])
#
# A room is a folder samjoko/NAME. It becomes the library samjoko_NAME (from *.cpp, or only headers)
# and, when it has *_test.cpp, the program NAME_test and the test NAME. NAME/testing/ has headers
# that serve only tests.
#
# The order of the rooms is enforced here: a room does not see the repository as its include root
# but a folder of links, rooms/NAME/samjoko/ in the build tree, with one link for itself and one for
# each room that it may include. An include of any other room ends in "No such file".
set(SAMJOKO_SOURCE_DIR ${CMAKE_CURRENT_SOURCE_DIR})
set(SAMJOKO_ROOM_TREES ${CMAKE_CURRENT_BINARY_DIR}/rooms)
set_property(GLOBAL PROPERTY SAMJOKO_ROOMS "")

# What an allowed room may include, we must be allowed too: its headers are read through our links.
function(samjoko_check_order room allowed)
  get_property(rooms GLOBAL PROPERTY SAMJOKO_ROOMS)
  foreach(neighbour ${allowed})
    if(NOT neighbour IN_LIST rooms)
      message(FATAL_ERROR "room ${room} allows ${neighbour}, which is not declared before it")
    endif()
    get_property(theirs GLOBAL PROPERTY SAMJOKO_ROOM_${neighbour})
    foreach(room_of_theirs ${theirs})
      if(NOT room_of_theirs IN_LIST allowed)
        message(FATAL_ERROR "room ${room} allows ${neighbour} but not ${room_of_theirs}, "
          "which headers of ${neighbour} may include")
      endif()
    endforeach()
  endforeach()
endfunction()

function(samjoko_room_tree room visible)
  set(tree ${SAMJOKO_ROOM_TREES}/${room}/samjoko)
  file(REMOVE_RECURSE ${tree})
  file(MAKE_DIRECTORY ${tree})
  foreach(name ${visible})
    file(CREATE_LINK ${SAMJOKO_SOURCE_DIR}/samjoko/${name} ${tree}/${name} SYMBOLIC)
  endforeach()
endfunction()

# What a target that is compiled as part of a room sees, and how it names its files: in CHECK's
# line as samjoko/room/file, in debug information as the real file. Ninja compiles in the top of the
# build tree, so the tree is named from there: a compiler cache then serves every build tree of a
# checkout.
function(samjoko_compile_in_room target scope room)
  set(tree ${SAMJOKO_ROOM_TREES}/${room})
  if(CMAKE_GENERATOR STREQUAL Ninja)
    file(RELATIVE_PATH tree ${CMAKE_BINARY_DIR} ${tree})
  endif()
  target_compile_options(${target} ${scope} -I${tree}
    -fmacro-prefix-map=${SAMJOKO_SOURCE_DIR}/= -fmacro-prefix-map=${tree}/=
    -fdebug-prefix-map=${tree}/=${SAMJOKO_SOURCE_DIR}/)
endfunction()

# Every header compiles alone: x.cpp or x_test.cpp includes x.hpp before anything else, and for each
# header that no such file begins with, a file of one line is compiled.
function(samjoko_headers_alone room)
  file(GLOB headers CONFIGURE_DEPENDS RELATIVE ${SAMJOKO_SOURCE_DIR}
    ${SAMJOKO_SOURCE_DIR}/samjoko/${room}/*.hpp
    ${SAMJOKO_SOURCE_DIR}/samjoko/${room}/testing/*.hpp)
  set(alone "")
  foreach(header ${headers})
    string(REGEX REPLACE "\\.hpp$" "" stem ${header})
    set(first "")
    foreach(user ${stem}.cpp ${stem}_test.cpp)
      if(EXISTS ${SAMJOKO_SOURCE_DIR}/${user})
        file(STRINGS ${SAMJOKO_SOURCE_DIR}/${user} includes REGEX "^#include" LIMIT_COUNT 1)
        list(APPEND first ${includes})
      endif()
    endforeach()
    if(NOT "#include <${header}>" IN_LIST first)
      set(source ${CMAKE_CURRENT_BINARY_DIR}/headers/${stem}.cpp)
      file(CONFIGURE OUTPUT ${source} CONTENT "#include <${header}>\n" @ONLY)
      list(APPEND alone ${source})
    endif()
  endforeach()
  if(alone)
    add_library(${room}_headers OBJECT ${alone})
    samjoko_compile_in_room(${room}_headers PRIVATE ${room})
    target_link_libraries(${room}_headers PRIVATE samjoko_options samjoko_fmt GTest::gtest)
  endif()
endfunction()

function(samjoko_room_test room tests)
  # Its operator new collides with that of clang's thread sanitizer, which cannot be replaced.
  if(CMAKE_CXX_FLAGS MATCHES "-fsanitize=thread")
    list(FILTER tests EXCLUDE REGEX "/allocation_test\\.cpp$")
  endif()
  add_executable(${room}_test ${tests})
  samjoko_compile_in_room(${room}_test PRIVATE ${room})
  target_link_libraries(${room}_test PRIVATE
    samjoko_options samjoko_${room} GTest::gtest_main GTest::gmock)
  samjoko_shards(${room})
endfunction()

# A suite that waits more than it computes runs as several processes side by side (GoogleTest's
# shards). Each has a report of its own: tools/tally.py looks for it under the name of the test.
set(samjoko_shards_of_serve 4)
set(samjoko_shards_of_supervise 2)
set(samjoko_shards_of_postmortem 2)
function(samjoko_shards room)
  set(count ${samjoko_shards_of_${room}})
  if(NOT count)
    add_test(NAME ${room} COMMAND ${room}_test)
    set_tests_properties(${room} PROPERTIES TIMEOUT 600 LABELS unit)
    return()
  endif()
  foreach(number RANGE 1 ${count})
    math(EXPR index "${number} - 1")
    set(report ${CMAKE_CURRENT_BINARY_DIR}/reports/${room}_${number}_test.xml)
    add_test(NAME ${room}_${number} COMMAND ${room}_test)
    set_tests_properties(${room}_${number} PROPERTIES TIMEOUT 600 LABELS unit ENVIRONMENT
      "GTEST_TOTAL_SHARDS=${count};GTEST_SHARD_INDEX=${index};GTEST_OUTPUT=xml:${report}")
  endforeach()
endfunction()

function(samjoko_room room)
  cmake_parse_arguments(ARG "" "" "ALLOW" ${ARGN})
  samjoko_check_order(${room} "${ARG_ALLOW}")
  set_property(GLOBAL PROPERTY SAMJOKO_ROOM_${room} ${ARG_ALLOW})
  set_property(GLOBAL APPEND PROPERTY SAMJOKO_ROOMS ${room})
  set(visible ${room} ${ARG_ALLOW})
  if(room STREQUAL cli)
    list(APPEND visible samjoko.hpp)
  endif()
  samjoko_room_tree(${room} "${visible}")

  file(GLOB sources CONFIGURE_DEPENDS ${SAMJOKO_SOURCE_DIR}/samjoko/${room}/*.cpp)
  file(GLOB tests CONFIGURE_DEPENDS ${SAMJOKO_SOURCE_DIR}/samjoko/${room}/*_test.cpp)
  list(REMOVE_ITEM sources ${tests} ${SAMJOKO_SOURCE_DIR}/samjoko/cli/main.cpp)
  list(TRANSFORM ARG_ALLOW PREPEND samjoko_ OUTPUT_VARIABLE neighbours)
  if(sources)
    add_library(samjoko_${room} STATIC ${sources})
    samjoko_compile_in_room(samjoko_${room} PRIVATE ${room})
    target_link_libraries(samjoko_${room} PRIVATE samjoko_options
      PUBLIC ${neighbours} samjoko_fmt Threads::Threads)
  else()
    add_library(samjoko_${room} INTERFACE)
    target_link_libraries(samjoko_${room} INTERFACE ${neighbours} samjoko_fmt Threads::Threads)
  endif()
  if(BUILD_TESTING AND NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize")
    samjoko_headers_alone(${room})
  endif()
  if(BUILD_TESTING AND tests)
    samjoko_room_test(${room} "${tests}")
  endif()
endfunction()
