# Makes files part of a program, whatever bytes they have: writes a source file that defines
#
#   std::span<const agent::shell::embedded_file> NAME()
#
# cmake -D FILES=<a;b> -D NAME=<agent::shell::name> -D HEADER=<that declares it> -D OUTPUT=<file.cpp> -P embed_files.cmake
set(arrays "")
set(entries "")
set(number 0)
foreach(path IN LISTS FILES)
  get_filename_component(name ${path} NAME)
  file(READ ${path} digits HEX)
  string(LENGTH "${digits}" size)
  math(EXPR size "${size} / 2")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${digits}")
  # The zero at the end is no part of the file: an empty one needs an element, too.
  string(APPEND arrays "constexpr char file_${number}[] = {${bytes}'\\0'};\n")
  string(APPEND entries "    {\"${name}\", {file_${number}, ${size}}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT} "// Made by cmake/embed_files.cmake.
#include \"${HEADER}\"

namespace {

${arrays}
constexpr agent::shell::embedded_file files[] = {
${entries}};

} // namespace

std::span<const agent::shell::embedded_file> ${NAME}()
{
    return files;
}
")
