cmake_minimum_required(VERSION 3.25)
# Says which faults of the catalogue no test is named for. Run by CTest: cmake -D ROOT=… -P check_faults.cmake
#
# A test of fault 7 has `F07_` in its name, be it the test's own or that of one of its parameters.
set(fault_count 58)

file(GLOB_RECURSE sources ${ROOT}/tests/*.cpp ${ROOT}/tests/*.py)
set(named "")
foreach(source IN LISTS sources)
  file(STRINGS ${source} lines REGEX "F[0-9][0-9]_[A-Za-z]")
  foreach(line IN LISTS lines)
    string(REGEX MATCHALL "F[0-9][0-9]_" found "${line}")
    list(APPEND named ${found})
  endforeach()
endforeach()
list(REMOVE_DUPLICATES named)

set(missing "")
foreach(number RANGE 1 ${fault_count})
  string(LENGTH ${number} digits)
  if(digits EQUAL 1)
    set(number 0${number})
  endif()
  if(NOT "F${number}_" IN_LIST named)
    list(APPEND missing "F${number}: no test has its name")
  endif()
endforeach()

# The catalogue has a row for each of them, and no other.
file(STRINGS ${ROOT}/docs/reliability.md rows REGEX "^\\| *[0-9]+ *\\|")
list(LENGTH rows row_count)
if(NOT row_count EQUAL fault_count)
  list(APPEND missing "docs/reliability.md has ${row_count} faults instead of ${fault_count}")
endif()

if(missing)
  list(JOIN missing "\n  " text)
  message(FATAL_ERROR "Faults without a test (see docs/reliability.md):\n  ${text}")
endif()
