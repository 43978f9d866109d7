# Tests of the house itself: the order of the rooms, the style, the installed package.
set(tools ${CMAKE_CURRENT_SOURCE_DIR}/tools)
get_property(rooms GLOBAL PROPERTY SAMJOKO_ROOMS)
set(order "")
foreach(room ${rooms})
  get_property(allowed GLOBAL PROPERTY SAMJOKO_ROOM_${room})
  list(JOIN allowed "," allowed)
  list(APPEND order "${room}:${allowed}")
endforeach()
add_test(NAME rooms COMMAND Python3::Interpreter ${tools}/rooms_test.py
  --compiler ${CMAKE_CXX_COMPILER} --trees ${SAMJOKO_ROOM_TREES} ${order})
add_test(NAME style COMMAND Python3::Interpreter ${tools}/style.py)
add_test(NAME style_rules COMMAND Python3::Interpreter ${tools}/style_test.py)
add_test(NAME links COMMAND Python3::Interpreter ${tools}/links_test.py)
add_test(NAME tally COMMAND Python3::Interpreter ${tools}/tally_test.py)
add_test(NAME lint COMMAND Python3::Interpreter ${tools}/lint_test.py)
set_tests_properties(rooms style style_rules links tally PROPERTIES LABELS house TIMEOUT 120)
set_tests_properties(lint PROPERTIES LABELS house TIMEOUT 300)
if(TARGET samjoko AND TARGET echo)
  add_test(NAME install COMMAND Python3::Interpreter ${tools}/install_test.py
    --build ${CMAKE_CURRENT_BINARY_DIR} --cmake ${CMAKE_COMMAND} --compiler ${CMAKE_CXX_COMPILER}
    --examples ${CMAKE_CURRENT_SOURCE_DIR}/examples)
  add_test(NAME package COMMAND Python3::Interpreter ${tools}/package_test.py
    --build ${CMAKE_CURRENT_BINARY_DIR} --cmake ${CMAKE_COMMAND} --compiler ${CMAKE_CXX_COMPILER})
  set_tests_properties(install package PROPERTIES LABELS house TIMEOUT 300)
endif()

# Whether the shapes of co_await that handlers use survive the optimizer: the unit tests of the dev
# preset are compiled without it, the program with it.
add_executable(optimized_shapes_test samjoko/task/await_shapes_test.cpp
  samjoko/net/handler_shapes_test.cpp)
target_compile_options(optimized_shapes_test PRIVATE -O2)
samjoko_compile_in_room(optimized_shapes_test PRIVATE net)
target_link_libraries(optimized_shapes_test PRIVATE
  samjoko_options samjoko_net GTest::gtest_main)
add_test(NAME optimized_shapes COMMAND optimized_shapes_test)
set_tests_properties(optimized_shapes PROPERTIES LABELS unit TIMEOUT 120)
