# cmake --install: headers, both libraries, a CMake package and a pkg-config file. The tree can be moved afterwards.
include(CMakePackageConfigHelpers)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/sixfold)

set_target_properties(sixfold PROPERTIES EXPORT_NAME sixfold_static)
install(TARGETS sixfold sixfold_shared EXPORT sixfold
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT sixfold NAMESPACE sixfold:: FILE sixfoldTargets.cmake DESTINATION ${package_folder})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/sixfold DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/sixfoldConfig.cmake.in sixfoldConfig.cmake
                              INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(sixfoldConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/sixfoldConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/sixfoldConfigVersion.cmake
        DESTINATION ${package_folder})

# The prefix is relative to the file itself, wherever the libraries were put below it.
if(IS_ABSOLUTE ${CMAKE_INSTALL_LIBDIR})
  set(pkgconfig_prefix ${CMAKE_INSTALL_PREFIX})
  set(pkgconfig_libdir ${CMAKE_INSTALL_LIBDIR})
else()
  file(RELATIVE_PATH up /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
  cmake_path(SET up NORMALIZE ${up})
  string(REGEX REPLACE "/$" "" up ${up})
  set(pkgconfig_prefix "\${pcfiledir}/${up}")
  set(pkgconfig_libdir "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
endif()
if(IS_ABSOLUTE ${CMAKE_INSTALL_INCLUDEDIR})
  set(pkgconfig_includedir ${CMAKE_INSTALL_INCLUDEDIR})
else()
  set(pkgconfig_includedir "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
configure_file(${PROJECT_SOURCE_DIR}/cmake/sixfold.pc.in sixfold.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/sixfold.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
