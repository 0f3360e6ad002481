# What `cmake --install` puts where, and how other projects find it: find_package(tracert) and pkg-config.
include(CMakePackageConfigHelpers)

set(TRACERT_CMAKE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/tracert")

foreach(target tracert_shared tracert_static tracert_memory_shared tracert_memory_static)
  if(TARGET ${target})
    install(TARGETS ${target} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  endif()
endforeach()
install(TARGETS tracert-drain RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/tracert)
install(FILES include/tracert/tracert.h include/tracert/format.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/tracert)
install(FILES include/tracert/FORMAT.md LICENSE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES runtime/tracert.7 DESTINATION ${CMAKE_INSTALL_MANDIR}/man7)

# find_package(tracert). The files to link are named here, relative to the package, so that an installed tree can move.
set(TRACERT_SHARED_FILE "")
set(TRACERT_STATIC_FILE "")
if(TARGET tracert_shared)
  set(TRACERT_SHARED_FILE "${CMAKE_SHARED_LIBRARY_PREFIX}tracert${CMAKE_SHARED_LIBRARY_SUFFIX}")
endif()
if(TARGET tracert_static)
  set(TRACERT_STATIC_FILE "${CMAKE_STATIC_LIBRARY_PREFIX}tracert${CMAKE_STATIC_LIBRARY_SUFFIX}")
endif()
configure_package_config_file(
  cmake/tracertConfig.cmake.in "${PROJECT_BINARY_DIR}/tracertConfig.cmake" INSTALL_DESTINATION "${TRACERT_CMAKE_DIR}"
  PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/tracertConfigVersion.cmake" COMPATIBILITY SameMajorVersion)
install(FILES "${PROJECT_BINARY_DIR}/tracertConfig.cmake" "${PROJECT_BINARY_DIR}/tracertConfigVersion.cmake"
        DESTINATION "${TRACERT_CMAKE_DIR}")

# pkg-config. The prefix is filled in when installing: only then is it known (`cmake --install --prefix`).
foreach(dir LIBDIR INCLUDEDIR)
  set(TRACERT_PC_${dir} "\${prefix}/${CMAKE_INSTALL_${dir}}")
  if(IS_ABSOLUTE "${CMAKE_INSTALL_${dir}}")
    set(TRACERT_PC_${dir} "${CMAKE_INSTALL_${dir}}")
  endif()
endforeach()
set(TRACERT_PC_PREFIX "@CMAKE_INSTALL_PREFIX@")
configure_file(cmake/tracert.pc.in "${PROJECT_BINARY_DIR}/tracert.pc.in" @ONLY)
install(CODE "configure_file(\"${PROJECT_BINARY_DIR}/tracert.pc.in\" \"${PROJECT_BINARY_DIR}/tracert.pc\" @ONLY)")
install(FILES "${PROJECT_BINARY_DIR}/tracert.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
