# What is installed beside the library (CMakeLists.txt), and the packages.  For a Debian package:
#
#     cmake -B build-deb -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX=/usr -DBUILD_TESTING=OFF
#     cmake --build build-deb && cpack --config build-deb/CPackConfig.cmake -B build-deb
#
# Nothing has its own place compiled in but relative ones: an installed tree may be moved.
install(TARGETS pyperf-run RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS pyperf-exec RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/pyperf)

set(datadir ${CMAKE_INSTALL_DATADIR})
file(RELATIVE_PATH prefix_from_pc
  ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(share/libpyperf.pc.in libpyperf.pc @ONLY)
configure_file(share/dropin.conf.in dropin.conf @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/libpyperf.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/dropin.conf DESTINATION ${datadir}/pyperf/systemd)

install(FILES completions/pyperf-run.bash
  DESTINATION ${datadir}/bash-completion/completions RENAME pyperf-run)
install(FILES completions/_pyperf-run DESTINATION ${datadir}/zsh/vendor-completions)
install(FILES completions/pyperf-run.fish DESTINATION ${datadir}/fish/vendor_completions.d)

# Manual pages and the changelog are compressed, as Debian's policy wants (12.1, 12.7).
set(documentation)
function(install_compressed source destination name)
  set(plain ${CMAKE_CURRENT_BINARY_DIR}/${name})
  configure_file(${source} ${plain} @ONLY)
  add_custom_command(OUTPUT ${plain}.gz DEPENDS ${plain}
    COMMAND gzip -9nc ${plain} > ${plain}.gz)
  install(FILES ${plain}.gz DESTINATION ${destination})
  set(documentation ${documentation} ${plain}.gz PARENT_SCOPE)
endfunction()
install_compressed(man/pyperf-run.1 ${CMAKE_INSTALL_MANDIR}/man1 pyperf-run.1)
install_compressed(man/libpyperf.7 ${CMAKE_INSTALL_MANDIR}/man7 libpyperf.7)
install_compressed(share/changelog ${datadir}/doc/libpyperf changelog)
add_custom_target(pyperf-documentation ALL DEPENDS ${documentation})
install(FILES share/copyright DESTINATION ${datadir}/doc/libpyperf)
install(FILES share/lintian-overrides DESTINATION ${datadir}/lintian/overrides RENAME libpyperf)

set(CPACK_GENERATOR DEB TGZ)
set(CPACK_PACKAGE_NAME libpyperf)
set(CPACK_PACKAGE_VENDOR "The libpyperf developers")
set(CPACK_PACKAGE_CONTACT "The libpyperf developers <libpyperf@example.org>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Python functions in Linux perf, by LD_PRELOAD")
set(CPACK_PACKAGE_DESCRIPTION
  "libpyperf.so, preloaded into an unmodified CPython 3.6 to 3.15, lets perf see\nevery Python function as a frame of its own.  pyperf-run records, reports and\ndraws such profiles with one command each.")
set(CPACK_STRIP_FILES ON)
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS linux-perf)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_SOURCE_DIR}/share/triggers)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
include(CPack)
