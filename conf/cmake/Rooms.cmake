# Rooms: one library and one test binary for each line of src/rooms.txt.
#
#   src/<room>/*.cc           -> laketide_<room>, '/' as '_'. A room without sources yet is an INTERFACE library
#   tests/<room>/*_test.cc    -> <room>_test, one ctest of label `unit`
#   tests/support/*.cc        -> laketide_test_support, the fakes that several rooms' tests share
set(LAKETIDE_ONLY_TESTS "" CACHE STRING "rooms whose tests are built; empty: all")

function(_laketide_room room edges third_party)
  string(REPLACE "/" "_" name "${room}")
  set(target laketide_${name})
  set(links "")
  foreach(edge IN LISTS edges)
    string(REPLACE "/" "_" edge "${edge}")
    list(APPEND links laketide_${edge})
  endforeach()
  laketide_third_party(libraries ${third_party})

  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/src/${room}/*.cc")
  list(FILTER sources EXCLUDE REGEX "/src/cli/main\\.cc$")
  if(room STREQUAL "base")
    list(APPEND sources "${LAKETIDE_VERSION_CC}")
    set_source_files_properties("${LAKETIDE_VERSION_CC}" PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)  # it changes with every commit
  endif()
  if(sources)
    add_library(${target} STATIC ${sources})
    target_link_libraries(${target} PUBLIC laketide_options ${links} ${libraries})
  else()
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE laketide_options ${links} ${libraries})
  endif()

  file(GLOB tests CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/${room}/*_test.cc")
  if(tests AND (NOT LAKETIDE_ONLY_TESTS OR room IN_LIST LAKETIDE_ONLY_TESTS))
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE laketide_test_support ${target} GTest::gmock GTest::gtest_main)
    add_test(NAME ${name}_test COMMAND ${name}_test --gtest_brief=1)
    set_tests_properties(${name}_test PROPERTIES LABELS unit TIMEOUT 300 ENVIRONMENT "${LAKETIDE_TEST_ENVIRONMENT}")
  endif()
endfunction()

function(laketide_rooms table)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${table}")
  file(GLOB support CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/support/*.cc")
  if(support)
    # It sees every room's headers and brings none of their code: a test links the fakes it uses with the room it tests.
    add_library(laketide_test_support STATIC ${support})
    target_link_libraries(laketide_test_support PRIVATE GTest::gmock nlohmann_json::nlohmann_json PUBLIC laketide_options laketide_arrow)
  else()
    add_library(laketide_test_support INTERFACE)
  endif()

  file(STRINGS "${table}" lines REGEX "^[^#].*[|].*[|].*[|]")
  foreach(line IN LISTS lines)
    string(REPLACE "|" ";" columns "${line}")
    list(GET columns 0 room)
    list(GET columns 3 edges_column)
    list(GET columns 2 third_party_column)
    string(STRIP "${room}" room)
    string(REGEX MATCHALL "[^ ]+" edges "${edges_column}")
    string(REGEX MATCHALL "[^ ]+" third_party "${third_party_column}")
    _laketide_room("${room}" "${edges}" "${third_party}")
  endforeach()
endfunction()
