# Install: `cmake --install build/<preset> --prefix DIR`. The tree holds no absolute path and may be moved as a whole.
#
#   bin/laketide                     finds Arrow's libraries relative to itself
#   lib/laketide/                    those libraries: Debian 12 has no Arrow
#   include/laketide/, lib/liblaketide.a, lib/cmake/laketide/      find_package(laketide) gives laketide::laketide
#   conf/                            the service file with every default, an example of a pipeline
#   lib/systemd/system/              the unit, for a program in /usr/bin
#   share/doc/laketide/              README.md says what else must be there; licences, also of what is compiled in
#
# Components: `runtime` and `tree` are what runs where the tree stands, `development` is for other programs. `system`, which is only in
# the Debian package, is what runs from /usr in place of `tree`: the service file in /etc with its data in /var/lib (Package.cmake).
include(CMakePackageConfigHelpers)

# What stands behind include/laketide for those who hold no engine: the version, the states' names. Status is in its header.
add_library(laketide_face STATIC "${LAKETIDE_VERSION_CC}" "${CMAKE_SOURCE_DIR}/src/base/stream_state.cc")
set_target_properties(laketide_face PROPERTIES OUTPUT_NAME laketide EXPORT_NAME laketide UNITY_BUILD OFF)
target_compile_features(laketide_face PUBLIC cxx_std_20)
target_include_directories(laketide_face PUBLIC "$<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include>" "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
target_compile_options(laketide_face PRIVATE $<TARGET_PROPERTY:laketide_options,INTERFACE_COMPILE_OPTIONS> -fPIC)
if(LAKETIDE_STAMP)
  add_dependencies(laketide_face laketide_version_stamp)
endif()
add_dependencies(laketide laketide_face)  # so that the program's build alone can be installed

set_target_properties(laketide PROPERTIES INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}/laketide")
install(TARGETS laketide RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)
install(FILES ${Arrow_LIBRARIES} DESTINATION ${CMAKE_INSTALL_LIBDIR}/laketide COMPONENT runtime)
install(FILES conf/systemd/laketide.service DESTINATION lib/systemd/system COMPONENT runtime)

set(_package ${CMAKE_INSTALL_LIBDIR}/cmake/laketide)
install(TARGETS laketide_face EXPORT laketideTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
install(EXPORT laketideTargets FILE laketideConfig.cmake NAMESPACE laketide:: DESTINATION ${_package} COMPONENT development)
write_basic_package_version_file("${CMAKE_BINARY_DIR}/laketideConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_BINARY_DIR}/laketideConfigVersion.cmake" DESTINATION ${_package} COMPONENT development)
install(DIRECTORY "${CMAKE_SOURCE_DIR}/include/laketide" DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development
        FILES_MATCHING PATTERN "*.h")

install(FILES conf/laketide.yaml DESTINATION conf COMPONENT tree)
install(DIRECTORY conf/pipelines DESTINATION conf COMPONENT tree FILES_MATCHING PATTERN "*.yaml")

install(FILES "${CMAKE_CURRENT_LIST_DIR}/package/README.md" LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT runtime)
install(FILES ${Arrow_NOTICES} DESTINATION ${CMAKE_INSTALL_DOCDIR}/arrow COMPONENT runtime)
# Libraries that are headers, or linked as an archive, are inside the binary, and so is their claim to be named.
foreach(_name libcli11-dev libboost1.81-dev libre2-dev nlohmann-json3-dev)
  install(FILES "/usr/share/doc/${_name}/copyright" DESTINATION ${CMAKE_INSTALL_DOCDIR}/compiled-in COMPONENT runtime RENAME ${_name}.txt OPTIONAL)
endforeach()
file(GLOB _pages CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/conf/man/*.[1-8]")
foreach(_page IN LISTS _pages)
  get_filename_component(_section "${_page}" LAST_EXT)
  string(SUBSTRING "${_section}" 1 1 _section)
  install(FILES "${_page}" DESTINATION ${CMAKE_INSTALL_MANDIR}/man${_section} COMPONENT runtime)
endforeach()

include(Package)
