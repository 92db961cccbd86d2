# Options: how everything of ours is compiled. One INTERFACE library, so that third-party code keeps its own flags.
option(LAKETIDE_WERROR "warnings are errors" OFF)
option(LAKETIDE_ASSERTIONS "check the standard library's preconditions" OFF)
option(LAKETIDE_HARDEN "fortified libc calls, stack protector, read-only relocations" OFF)
option(LAKETIDE_JEMALLOC "link jemalloc into the binary: half the CPU of the consumer path; sanitizers bring their own allocator" OFF)
option(LAKETIDE_STAMP "name the git commit in the version; relinks after every commit" OFF)
set(LAKETIDE_SANITIZE "" CACHE STRING "address | thread | fuzzer (clang: as address, and what libFuzzer looks at)")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_BUILD_RPATH "${Arrow_LIBRARY_DIR}")

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Two clones share their entries.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE_PROGRAM})
endif()

add_library(laketide_options INTERFACE)
target_include_directories(laketide_options INTERFACE "${CMAKE_SOURCE_DIR}/src" "${CMAKE_SOURCE_DIR}/include" "${CMAKE_SOURCE_DIR}/tests")
target_link_libraries(laketide_options INTERFACE Threads::Threads)
# maybe-uninitialized: GCC 12 sees it in std::optional of views where there is none.
target_compile_options(laketide_options INTERFACE -Wall -Wextra -Wpedantic -Wno-missing-field-initializers -Wno-maybe-uninitialized
  -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough -Wunused -fPIE -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
target_link_options(laketide_options INTERFACE -pie -Wl,--as-needed)
target_compile_definitions(laketide_options INTERFACE SPDLOG_FMT_EXTERNAL BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION
  BOOST_BEAST_SEPARATE_COMPILATION)

if(CMAKE_UNITY_BUILD)
  # GCC takes a .cc that is included for a header, where a member of an unnamed namespace's type would be a mistake.
  target_compile_options(laketide_options INTERFACE -Wno-subobject-linkage)
endif()
if(LAKETIDE_WERROR)
  target_compile_options(laketide_options INTERFACE -Werror)
endif()
if(LAKETIDE_ASSERTIONS)
  target_compile_definitions(laketide_options INTERFACE _GLIBCXX_ASSERTIONS)
endif()
if(LAKETIDE_HARDEN)
  target_compile_options(laketide_options INTERFACE -fstack-protector-strong -fstack-clash-protection)
  target_compile_definitions(laketide_options INTERFACE _FORTIFY_SOURCE=2)
  target_link_options(laketide_options INTERFACE -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
endif()

set(LAKETIDE_TEST_ENVIRONMENT "LAKETIDE_SOURCE_DIR=${CMAKE_SOURCE_DIR}")
if(LAKETIDE_SANITIZE STREQUAL "address")
  # Without the four checks that cost 40 % of the build and find next to nothing in our kind of code.
  set(_sanitize -fsanitize=address,undefined -fno-sanitize=null,vptr,alignment,object-size -fno-sanitize-recover=undefined)
  list(APPEND LAKETIDE_TEST_ENVIRONMENT ARROW_DEFAULT_MEMORY_POOL=system ASAN_OPTIONS=detect_stack_use_after_return=1
       UBSAN_OPTIONS=print_stacktrace=1)
elseif(LAKETIDE_SANITIZE STREQUAL "thread")
  set(_sanitize -fsanitize=thread)
  list(APPEND LAKETIDE_TEST_ENVIRONMENT ARROW_DEFAULT_MEMORY_POOL=system
       "TSAN_OPTIONS=ignore_noninstrumented_modules=1 halt_on_error=1")
elseif(LAKETIDE_SANITIZE STREQUAL "fuzzer")
  set(_sanitize -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize=null,vptr,alignment,object-size,function
      -fno-sanitize-recover=undefined)
elseif(LAKETIDE_SANITIZE)
  message(FATAL_ERROR "LAKETIDE_SANITIZE is '${LAKETIDE_SANITIZE}'; it can be address, thread or fuzzer")
endif()
if(LAKETIDE_SANITIZE)
  target_compile_options(laketide_options INTERFACE ${_sanitize} -fno-omit-frame-pointer)
  target_compile_definitions(laketide_options INTERFACE LAKETIDE_SANITIZED)
  target_link_options(laketide_options INTERFACE ${_sanitize})
endif()

find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
  target_link_options(laketide_options INTERFACE -fuse-ld=mold)
endif()
