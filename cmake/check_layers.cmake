# Says which includes break the layers of the architecture. Run by CTest: cmake -D ROOT=… -P check_layers.cmake
#
# Per folder: what of this project it may include, and which libraries. Everything else it includes must be of the
# standard library or the system.
set(folders           proto_http  sd_writer  agent/core                    agent/docker
                      agent/shell                          instrumented_service/http_metrics
                      instrumented_service/accounts)
set(ours_proto_http   "^proto_http/")
set(ours_sd_writer    "^sd_writer/")
set(ours_agent/core   "^agent/core/|^sd_writer/target_group\\.hpp$")
set(ours_agent/docker "^agent/docker/|^agent/core/|^proto_http/")
set(ours_agent/shell  "^agent/|^proto_http/|^sd_writer/|^instrumented_service/http_metrics/")
set(ours_instrumented_service/http_metrics "^instrumented_service/http_metrics/|^proto_http/")
set(ours_instrumented_service/accounts     "^instrumented_service/|^proto_http/")
set(theirs_proto_http   "^boost/|^openssl/|^nghttp2/|^zlib\\.h$")
set(theirs_sd_writer    "^$")
set(theirs_agent/core   "^$")
set(theirs_agent/docker "^boost/|^simdjson\\.h$|^protozero/")
set(theirs_agent/shell  "^boost/(asio|system)|^spdlog/|^fmt/|^prometheus/|^CLI/|^yaml-cpp/")
set(theirs_instrumented_service/http_metrics "^boost/(asio|system)|^prometheus/|^protozero/|^zlib\\.h$")
set(theirs_instrumented_service/accounts     "^boost/(asio|system|json)|^prometheus/|^CLI/|^spdlog/|^sqlite3\\.h$")
# Headers that belong to a library, by their first word.
set(library_headers "^(boost|openssl|nghttp2|simdjson|protozero|spdlog|fmt|prometheus|CLI|yaml-cpp|gtest|gmock|benchmark|zlib|sqlite3)[./]")

set(broken "")
foreach(folder IN LISTS folders)
  file(GLOB_RECURSE sources RELATIVE ${ROOT} ${ROOT}/${folder}/*.cpp ${ROOT}/${folder}/*.hpp)
  if(NOT sources)
    list(APPEND broken "${folder}: no sources found")
  endif()
  foreach(source IN LISTS sources)
    file(STRINGS ${ROOT}/${source} includes REGEX "^ *# *include")
    foreach(line IN LISTS includes)
      if(line MATCHES "\"([^\"]+)\"" AND NOT CMAKE_MATCH_1 MATCHES "${ours_${folder}}")
        list(APPEND broken "${source}: ${CMAKE_MATCH_1}")
      elseif(line MATCHES "<([^>]+)>" AND CMAKE_MATCH_1 MATCHES "${library_headers}")
        string(REGEX MATCH "<([^>]+)>" ignored "${line}")
        if(NOT CMAKE_MATCH_1 MATCHES "${theirs_${folder}}")
          list(APPEND broken "${source}: ${CMAKE_MATCH_1}")
        endif()
      endif()
    endforeach()
  endforeach()
endforeach()

# Decisions are pure: these would let time, chance, files or output into the core.
file(GLOB core RELATIVE ${ROOT} ${ROOT}/agent/core/*.cpp ${ROOT}/agent/core/*.hpp)
foreach(source IN LISTS core)
  file(STRINGS ${ROOT}/${source} impure REGEX "::now\\(|random_device|<fstream>|<iostream>|<thread>|<cstdio>|<filesystem>|getenv")
  foreach(line IN LISTS impure)
    list(APPEND broken "${source}: ${line}")
  endforeach()
endforeach()

if(broken)
  list(JOIN broken "\n  " text)
  message(FATAL_ERROR "Includes that break the layers (see docs/architecture.md):\n  ${text}")
endif()
