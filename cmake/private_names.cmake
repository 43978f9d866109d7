# What libsamjoko.a holds of other libraries' templates and inline functions must not meet a user's
# own copy of them. The linker keeps one definition of a name, the one that it reads first: with
# another CLI11 in the program, one of the two would run on objects of the other's layout. So what a
# room includes of them is compiled in a namespace of ours, samjoko_CLI::App for CLI::App. Names,
# type information (two types of one name are one to a catch), debug information and what a
# link-time optimizer reads agree on it, as they would not if the symbols of the finished archive
# were renamed. Others met this: DARMA-tasking/vt 1604, CLIUtils/CLI11 680, nlohmann/json 3588.
#
# A macro for a namespace's name does not reach an #include's <...>, strings, or longer words. Our
# installed headers include none of these libraries, so users compile without it.
# tools/archive_names.py reads the archive and says what else is in it; tools/package_test.py links
# it with strangers.
add_library(samjoko_private_names INTERFACE)
foreach(space CLI boost fmt nlohmann toml)
  target_compile_definitions(samjoko_private_names INTERFACE ${space}=samjoko_${space})
endforeach()
# The one #include of Boost that is spelled by a macro, a file for a user's own settings.
target_compile_definitions(samjoko_private_names INTERFACE BOOST_NO_USER_CONFIG)

# fmt is a shared library in Debian, which has it under its own name. So its compiled half is ours
# too, which a static program needs in any case: Debian has no archive of it.
add_library(samjoko_fmt STATIC ${CMAKE_CURRENT_SOURCE_DIR}/cmake/fmt.cpp)
target_include_directories(samjoko_fmt SYSTEM PUBLIC
  $<TARGET_PROPERTY:fmt::fmt,INTERFACE_INCLUDE_DIRECTORIES>)
target_link_libraries(samjoko_fmt PUBLIC samjoko_private_names)
if(SAMJOKO_CONTAINED)
  target_compile_options(samjoko_fmt PRIVATE -ffunction-sections -fdata-sections)
endif()
