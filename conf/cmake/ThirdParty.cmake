# ThirdParty: finds every library once and maps the header prefixes of src/rooms.txt to what must be linked for them.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_package(CURL REQUIRED)
find_package(fmt CONFIG REQUIRED)
find_package(GTest REQUIRED)
find_package(nlohmann_json 3.11 CONFIG REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(simdjson CONFIG REQUIRED)
find_package(spdlog CONFIG REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(Arrow REQUIRED)
pkg_check_modules(RDKAFKA REQUIRED IMPORTED_TARGET rdkafka>=2.0.2)
pkg_check_modules(LIBPQ REQUIRED IMPORTED_TARGET libpq)
find_library(PG_QUERY_LIBRARY pg_query REQUIRED)
find_library(JEMALLOC_LIBRARY jemalloc REQUIRED)
# The archive, and its names kept inside: Arrow's compute library shows names of a newer RE2 of its own, which must not meet these.
find_path(RE2_INCLUDE_DIR re2/re2.h REQUIRED)
find_library(RE2_LIBRARY libre2.a REQUIRED)
add_library(laketide_re2 INTERFACE)
target_include_directories(laketide_re2 SYSTEM INTERFACE "${RE2_INCLUDE_DIR}")
target_link_libraries(laketide_re2 INTERFACE "${RE2_LIBRARY}" Threads::Threads)
target_link_options(laketide_re2 INTERFACE "LINKER:--exclude-libs,libre2.a")

# Headers only: the libraries themselves stand at the end of every link line, where the few names they share with others lose.
add_library(laketide_arrow INTERFACE)
target_include_directories(laketide_arrow SYSTEM INTERFACE "${Arrow_INCLUDE_DIR}")
list(JOIN Arrow_LIBRARIES " " _arrow)
string(APPEND CMAKE_CXX_STANDARD_LIBRARIES " -Wl,--push-state,--as-needed ${_arrow} -Wl,--pop-state")

# prefix=target; a header belongs to the first prefix it starts with
set(LAKETIDE_THIRD_PARTY
  arrow/=laketide_arrow
  parquet/=laketide_arrow
  boost/=Boost::headers
  CLI/=CLI11::CLI11
  curl/=CURL::libcurl
  fmt/=fmt::fmt
  librdkafka/=PkgConfig::RDKAFKA
  libpq-fe.h=PkgConfig::LIBPQ
  nlohmann/=nlohmann_json::nlohmann_json
  pg_query=${PG_QUERY_LIBRARY}
  prometheus/=prometheus-cpp::core
  re2/=laketide_re2
  simdjson.h=simdjson::simdjson
  spdlog/=spdlog::spdlog
  sqlite3.h=SQLite::SQLite3
  yaml-cpp/=yaml-cpp)

# Sets `out` to the libraries behind a list of header prefixes; a prefix nobody knows is an error.
function(laketide_third_party out)
  set(found "")
  foreach(prefix IN LISTS ARGN)
    set(target "")
    foreach(entry IN LISTS LAKETIDE_THIRD_PARTY)
      string(REGEX MATCH "^([^=]+)=(.+)$" _ "${entry}")
      string(FIND "${prefix}" "${CMAKE_MATCH_1}" at)
      if(at EQUAL 0)
        set(target "${CMAKE_MATCH_2}")
        break()
      endif()
    endforeach()
    if(NOT target)
      message(FATAL_ERROR "src/rooms.txt: no library is known for the header prefix '${prefix}'; add it to conf/cmake/ThirdParty.cmake")
    endif()
    list(APPEND found "${target}")
  endforeach()
  list(REMOVE_DUPLICATES found)
  set(${out} "${found}" PARENT_SCOPE)
endfunction()
