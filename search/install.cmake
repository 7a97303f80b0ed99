# The search as an installed library: find_package(joulefront) gives joulefront::search. Headers go
# to include/joulefront, an include folder of its own, since their paths begin with base/ and search/.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/joulefront)
foreach(library base search)
  set_target_properties(joulefront_${library} PROPERTIES EXPORT_NAME ${library})
  target_include_directories(joulefront_${library} INTERFACE
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/joulefront>)
endforeach()
install(TARGETS joulefront_base joulefront_search EXPORT joulefront
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
install(DIRECTORY base DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/joulefront
  COMPONENT development FILES_MATCHING PATTERN "*.h")
install(FILES search/contributions.h search/epsilon_net.h search/history.h search/hypervolume.h
  search/knee.h search/pareto.h search/ranked_fronts.h search/ranking.h search/sampler.h
  search/scale.h search/space.h
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/joulefront/search COMPONENT development)
install(EXPORT joulefront NAMESPACE joulefront:: FILE joulefront-targets.cmake
  DESTINATION ${package_folder} COMPONENT development)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/joulefront-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES search/joulefront-config.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/joulefront-config-version.cmake DESTINATION ${package_folder})
