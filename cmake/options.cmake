# What every target of this repository is compiled with, and the packages it needs.
find_package(fmt REQUIRED)
find_package(Threads REQUIRED)
if(BUILD_TESTING)
  find_package(GTest REQUIRED)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
endif()

find_program(SAMJOKO_CCACHE ccache)
mark_as_advanced(SAMJOKO_CCACHE)
if(PROJECT_IS_TOP_LEVEL AND SAMJOKO_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${SAMJOKO_CCACHE})
endif()

add_library(samjoko_options INTERFACE)
target_compile_options(samjoko_options INTERFACE -Wall -Wextra -Wconversion -Wshadow)
# The note of base/check.hpp is for users: what is here was written with it in mind, and the rules
# of the style test keep it so.
target_compile_definitions(samjoko_options INTERFACE SAMJOKO_NO_GCC_NOTE)
if(SAMJOKO_WARNINGS_ARE_ERRORS)
  target_compile_options(samjoko_options INTERFACE -Werror)
endif()
if(SAMJOKO_CONTAINED)
  target_compile_options(samjoko_options INTERFACE -ffunction-sections -fdata-sections)
endif()
