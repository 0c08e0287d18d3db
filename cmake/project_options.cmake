# What every target of this project is compiled with; linked privately, so it never leaks to users.
add_library(project_options INTERFACE)
target_compile_features(project_options INTERFACE cxx_std_20)
target_compile_options(project_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Wold-style-cast -Woverloaded-virtual -Wcast-align -Wnull-dereference)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(project_options INTERFACE -Wduplicated-cond -Wlogical-op
    # False positives in inlined coroutine frames and standard containers at -O2 (GCC bugs 105562, 105329, 103993).
    -Wno-null-dereference -Wno-restrict -Wno-maybe-uninitialized -Wno-mismatched-new-delete)
endif()

option(SWARM_SD_WERROR "Treat warnings as errors (continuous integration)" OFF)
if(SWARM_SD_WERROR)
  target_compile_options(project_options INTERFACE -Werror)
endif()

# Everywhere, since the sanitizers do not see a string view read beyond its end as long as that is within its string.
target_compile_definitions(project_options INTERFACE _GLIBCXX_ASSERTIONS)

# Hardening (OpenSSF compiler options guide). _FORTIFY_SOURCE needs optimisation and does not go
# together with the address sanitizer.
set(SWARM_SD_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them: address,undefined or thread")
option(SWARM_SD_COVERAGE "Instrument for gcov" OFF)
if(SWARM_SD_SANITIZE)
  add_compile_options(-fsanitize=${SWARM_SD_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${SWARM_SD_SANITIZE})
  # That check asks the kernel through a pipe, and so takes a process without free descriptors for a broken one.
  add_compile_options(-fno-sanitize=vptr)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    add_compile_options(-fno-sanitize=function) # does not go together with coroutines (LLVM bug 49689)
  endif()
else()
  target_compile_options(project_options INTERFACE
    -fstack-protector-strong -fstack-clash-protection -fcf-protection=full
    $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3>)
  target_link_options(project_options INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)
endif()
if(SWARM_SD_FUZZ)
  # libFuzzer steers by what was reached in the libraries; asserts are findings, too.
  add_compile_options(-fsanitize=fuzzer-no-link -UNDEBUG)
endif()
if(SWARM_SD_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

# What tests are compiled with, linked behind project_options. What they test is compiled as it is shipped in any case.
option(SWARM_SD_QUICK_TESTS "Compile tests for a short build: unoptimised, with precompiled headers" OFF)
add_library(test_options INTERFACE)
if(SWARM_SD_QUICK_TESTS)
  target_compile_options(test_options INTERFACE -O0 -g1)
endif()

# A test program of several sources reads the heaviest headers of all of them once.
function(swarm_sd_precompile target)
  get_target_property(sources ${target} SOURCES)
  list(FILTER sources INCLUDE REGEX "\\.cpp$")
  list(LENGTH sources count)
  if(SWARM_SD_QUICK_TESTS AND count GREATER 2)
    target_precompile_headers(${target} PRIVATE <gmock/gmock.h> <gtest/gtest.h> ${ARGN}
      <algorithm> <chrono> <filesystem> <functional> <map> <memory> <optional> <string> <vector>)
  endif()
endfunction()

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()
