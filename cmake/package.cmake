# What other programs link: find_package(swarm_sd COMPONENTS http_metrics). Installed by
# cmake --install BUILD --component development --prefix PREFIX
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

add_library(swarm_sd::proto_http ALIAS proto_http)
add_library(swarm_sd::http_metrics ALIAS http_metrics)

set(package_directory ${CMAKE_INSTALL_LIBDIR}/cmake/swarm_sd)

# The tree is the include root: an installed header is included by the same path as in here.
install(TARGETS asio EXPORT swarm_sd_proto_http)
foreach(library proto_http http_metrics)
  install(TARGETS ${library} EXPORT swarm_sd_${library}
    ARCHIVE COMPONENT development
    FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/swarm_sd COMPONENT development)
  install(EXPORT swarm_sd_${library} NAMESPACE swarm_sd:: DESTINATION ${package_directory} COMPONENT development)
endforeach()

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/swarm_sd-config.cmake.in ${PROJECT_BINARY_DIR}/swarm_sd-config.cmake
  INSTALL_DESTINATION ${package_directory} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/swarm_sd-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/swarm_sd-config.cmake ${PROJECT_BINARY_DIR}/swarm_sd-config-version.cmake
  DESTINATION ${package_directory} COMPONENT development)
