# All rooms together: one archive libsamjoko.a, the target samjoko::samjoko, and its installation.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

get_property(rooms GLOBAL PROPERTY SAMJOKO_ROOMS)
set(objects $<TARGET_OBJECTS:samjoko_fmt>)
foreach(room ${rooms})
  get_target_property(kind samjoko_${room} TYPE)
  if(kind STREQUAL STATIC_LIBRARY)
    list(APPEND objects $<TARGET_OBJECTS:samjoko_${room}>)
  endif()
endforeach()

add_library(samjoko_library STATIC ${objects})
add_library(samjoko::samjoko ALIAS samjoko_library)
set_target_properties(samjoko_library PROPERTIES
  OUTPUT_NAME samjoko EXPORT_NAME samjoko LINKER_LANGUAGE CXX)
target_compile_features(samjoko_library PUBLIC cxx_std_23)
target_link_libraries(samjoko_library PUBLIC Threads::Threads cares)
target_include_directories(samjoko_library PUBLIC
  $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/samjoko)
install(TARGETS samjoko_library EXPORT samjokoTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT samjokoTargets NAMESPACE samjoko:: DESTINATION ${package_dir})
include(public_headers)
foreach(header ${SAMJOKO_PUBLIC_HEADERS})
  cmake_path(GET header PARENT_PATH folder)
  install(FILES ${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/${folder})
endforeach()
configure_package_config_file(cmake/samjokoConfig.cmake.in samjokoConfig.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(samjokoConfigVersion.cmake COMPATIBILITY SameMinorVersion)
file(RELATIVE_PATH up_to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/samjoko.pc.in samjoko.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/samjokoConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/samjokoConfigVersion.cmake DESTINATION ${package_dir})
install(PROGRAMS ${CMAKE_CURRENT_SOURCE_DIR}/tools/samjoko-lint
  DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/tools/lint/
  DESTINATION ${CMAKE_INSTALL_DATADIR}/samjoko/lint FILES_MATCHING PATTERN *.py)
install(FILES ${CMAKE_CURRENT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/samjoko.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
