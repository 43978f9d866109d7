# Programs that black-box tests run beside the real one; built with every preset, never installed.
add_executable(faulty tests/faults/faulty.cpp)
target_link_libraries(faulty PRIVATE samjoko_options samjoko::samjoko)
add_executable(crowd tests/faults/crowd.cpp)
target_link_libraries(crowd PRIVATE samjoko_options)

# Symbols of its own functions are what the stacks of its deaths must name.
add_executable(mischief tests/mischief/mischief.cpp)
target_link_libraries(mischief PRIVATE samjoko_options samjoko::samjoko)
