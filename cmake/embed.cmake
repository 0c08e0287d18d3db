# swarm_sd_embed(<target> NAME <agent::shell::name> HEADER <that declares it> FILES <files>)
#
# Adds a source to the target that holds these files; see embed_files.cmake.
function(swarm_sd_embed target)
  cmake_parse_arguments(arg "" "NAME;HEADER" "FILES" ${ARGN})
  list(TRANSFORM arg_FILES PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${target}_files.cpp)
  set(script ${PROJECT_SOURCE_DIR}/cmake/embed_files.cmake)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -D "FILES=${arg_FILES}" -D NAME=${arg_NAME} -D HEADER=${arg_HEADER} -D OUTPUT=${output} -P ${script}
    DEPENDS ${arg_FILES} ${script}
    COMMENT "Embedding the files of ${target}" VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()
