# Package: `cpack --config build/<preset>/CPackConfig.cmake` makes two packages out of an optimised build, stripped.
#
#   laketide_<version>_<arch>.deb                the program in /usr, its configuration in /etc/laketide, the unit; no user: the unit has a
#                                                dynamic one. It starts nothing. What it needs of Debian, dpkg-shlibdeps finds out
#   laketide-<version>-linux-<processor>.tar.gz  the tree of `cmake --install`, to be unpacked anywhere
set(_package_files "${CMAKE_CURRENT_LIST_DIR}/package")
set(_made "${CMAKE_BINARY_DIR}/package")

# The shipped service file, with the system's paths in place of those below the current directory.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/conf/laketide.yaml")
file(READ "${CMAKE_SOURCE_DIR}/conf/laketide.yaml" _service_file)
foreach(_path IN ITEMS "data/state=/var/lib/laketide/state" "data/lake=/var/lib/laketide/lake" "conf/pipelines/=/etc/laketide/pipelines/")
  string(REPLACE "=" ";" _path "${_path}")
  list(GET _path 0 _shipped)
  list(GET _path 1 _installed)
  string(FIND "${_service_file}" " ${_shipped}" _at)
  if(_at EQUAL -1)
    message(FATAL_ERROR "conf/laketide.yaml has no path ${_shipped} any more: say in ${CMAKE_CURRENT_LIST_FILE} what it is in a system")
  endif()
  string(REPLACE " ${_shipped}" " ${_installed}" _service_file "${_service_file}")
endforeach()
file(CONFIGURE OUTPUT "${_made}/laketide.yaml" @ONLY CONTENT "${_service_file}")
file(MAKE_DIRECTORY "${_made}/pipelines")
install(FILES "${_made}/laketide.yaml" DESTINATION /etc/laketide COMPONENT system EXCLUDE_FROM_ALL)
install(DIRECTORY "${_made}/pipelines" DESTINATION /etc/laketide COMPONENT system EXCLUDE_FROM_ALL)
install(DIRECTORY conf/pipelines/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples COMPONENT system EXCLUDE_FROM_ALL FILES_MATCHING PATTERN "*.yaml")
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT system EXCLUDE_FROM_ALL RENAME copyright)

set(CPACK_GENERATOR DEB TGZ)
set(CPACK_PROJECT_CONFIG_FILE "${_package_files}/components.cmake")
set(CPACK_PACKAGE_NAME laketide)
set(CPACK_PACKAGE_VENDOR "The Laketide authors")
set(CPACK_PACKAGE_CONTACT "The Laketide authors <laketide@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Kafka streams and batch jobs into Delta Lake and PostgreSQL")
string(TOLOWER "${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR}" _platform)
set(CPACK_ARCHIVE_FILE_NAME "laketide-${PROJECT_VERSION}-${_platform}")
set(CPACK_PACKAGE_FILE_NAME "${CPACK_ARCHIVE_FILE_NAME}")
set(CPACK_STRIP_FILES ON)
set(CPACK_THREADS 0)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_RESOURCE_FILE_LICENSE "${CMAKE_SOURCE_DIR}/LICENSE")
set(CPACK_VERBATIM_VARIABLES ON)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE zstd)
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS "${Arrow_LIBRARY_DIR}")
set(CPACK_DEBIAN_PACKAGE_DEPENDS "tzdata")  # AT TIME ZONE; dpkg-shlibdeps adds the libraries
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "ca-certificates, procps")  # procps: the unit's ExecReload is a kill
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "One process runs Kafka streams and Kafka batch jobs on one fair scheduler, exactly once,
driven over HTTP.")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA "${_package_files}/conffiles" "${_package_files}/postinst" "${_package_files}/prerm" "${_package_files}/postrm")
include(CPack)
