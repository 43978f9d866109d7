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
set_tests_properties(rooms style style_rules PROPERTIES LABELS house TIMEOUT 120)
if(TARGET samjoko AND TARGET echo)
  add_test(NAME install COMMAND Python3::Interpreter ${tools}/install_test.py
    --build ${CMAKE_CURRENT_BINARY_DIR} --cmake ${CMAKE_COMMAND} --compiler ${CMAKE_CXX_COMPILER}
    --examples ${CMAKE_CURRENT_SOURCE_DIR}/examples)
  set_tests_properties(install PROPERTIES LABELS house TIMEOUT 300)
endif()
