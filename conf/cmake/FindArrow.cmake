# FindArrow: Arrow C++ (core, compute, Parquet) out of the pyarrow wheel, which is documented for linking C++.
#
#   ARROW_WHEEL_DIR      an unpacked wheel, or where to unpack it; shared by all presets
#   Arrow_INCLUDE_DIR    headers
#   Arrow_LIBRARIES      the shared libraries in link order; they belong LAST on every link line (see Rooms.cmake)
#   Arrow_NOTICES        licence files to install beside them
#
# The wheel holds neither ArrowConfig.cmake nor unversioned .so names, and its libparquet leaks a static OpenSSL and simdjson:
# hide_symbols.py takes those out of sight right after unpacking.
set(_version 26.0.1)
set(_sha256_x86_64 39cb0f2418282c24bea6ceda77b03e5a8f0a5766b63a8bf194d4e2a2c423548c)
set(_sha256_aarch64 22a96a225de107eb9acd1ad9a818198ca832df2a4c0952412f754a7ed2105a98)
set(_sha256 ${_sha256_${CMAKE_SYSTEM_PROCESSOR}})
set(ARROW_WHEEL_DIR "${CMAKE_SOURCE_DIR}/build/deps/pyarrow-${_version}" CACHE PATH "unpacked pyarrow wheel, or where to unpack it")

file(LOCK "${ARROW_WHEEL_DIR}.lock" TIMEOUT 600)  # two presets may be configured at once
if(NOT EXISTS "${ARROW_WHEEL_DIR}/.complete")
  if(NOT _sha256)
    message(FATAL_ERROR "no pinned pyarrow wheel for ${CMAKE_SYSTEM_PROCESSOR}: add its sha256 to ${CMAKE_CURRENT_LIST_FILE}")
  endif()
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  set(_download "${ARROW_WHEEL_DIR}.download")
  file(REMOVE_RECURSE "${ARROW_WHEEL_DIR}" "${_download}")
  file(WRITE "${_download}/requirements.txt" "pyarrow==${_version} --hash=sha256:${_sha256}\n")
  message(STATUS "Arrow: downloading pyarrow ${_version}")
  # The tags are spelled out, so that file and hash do not depend on the Python that runs pip.
  execute_process(
    COMMAND ${Python3_EXECUTABLE} -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all:
            --implementation cp --python-version 3.11 --abi cp311 --platform manylinux_2_28_${CMAKE_SYSTEM_PROCESSOR}
            --require-hashes -r "${_download}/requirements.txt" -d "${_download}"
    RESULT_VARIABLE _failed ERROR_VARIABLE _error)
  file(GLOB _wheel "${_download}/pyarrow-*.whl")
  if(_failed OR NOT _wheel)
    message(FATAL_ERROR "pip could not download pyarrow ${_version}: is a Python package index in reach?\n${_error}")
  endif()
  file(ARCHIVE_EXTRACT INPUT "${_wheel}" DESTINATION "${ARROW_WHEEL_DIR}" PATTERNS
       "pyarrow/include/arrow/*" "pyarrow/include/parquet/*" "pyarrow/libarrow.so.*" "pyarrow/libarrow_compute.so.*"
       "pyarrow/libparquet.so.*" "*.dist-info/*")
  file(GLOB _parquet "${ARROW_WHEEL_DIR}/pyarrow/libparquet.so.*")
  # Kept: names inside arrow:: and parquet::, instantiations and type data of std::, operator new and delete.
  execute_process(
    COMMAND ${Python3_EXECUTABLE} "${CMAKE_CURRENT_LIST_DIR}/hide_symbols.py" "${_parquet}"
            "5arrow|7parquet|^_ZN?K?S|^_ZT[ISV]N?S|^_ZT[ISV]St|^_Zn|^_Zd"
    COMMAND_ERROR_IS_FATAL ANY)
  file(REMOVE_RECURSE "${_download}")
  file(TOUCH "${ARROW_WHEEL_DIR}/.complete")
endif()
file(LOCK "${ARROW_WHEEL_DIR}.lock" RELEASE)

set(Arrow_INCLUDE_DIR "${ARROW_WHEEL_DIR}/pyarrow/include")
set(Arrow_LIBRARY_DIR "${ARROW_WHEEL_DIR}/pyarrow")
file(STRINGS "${Arrow_INCLUDE_DIR}/arrow/util/config.h" _config REGEX "define ARROW_(VERSION_STRING|SO_VERSION) ")
string(REGEX REPLACE ".*ARROW_VERSION_STRING \"([^\"]+)\".*" "\\1" Arrow_VERSION "${_config}")
string(REGEX REPLACE ".*ARROW_SO_VERSION \"([^\"]+)\".*" "\\1" _soversion "${_config}")
set(Arrow_LIBRARIES "")
foreach(_library parquet arrow_compute arrow)
  list(APPEND Arrow_LIBRARIES "${Arrow_LIBRARY_DIR}/lib${_library}.so.${_soversion}")
endforeach()
file(GLOB Arrow_NOTICES "${ARROW_WHEEL_DIR}/*.dist-info/LICENSE*" "${ARROW_WHEEL_DIR}/*.dist-info/NOTICE*"
     "${ARROW_WHEEL_DIR}/*.dist-info/licenses/*.txt")

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Arrow REQUIRED_VARS Arrow_INCLUDE_DIR Arrow_LIBRARIES VERSION_VAR Arrow_VERSION)
