# Cross build for 64-bit Arm with Debian's gcc-aarch64-linux-gnu and libc6-dev-arm64-cross.  What
# only the unit tests need comes from a tree of arm64 packages, $PYPERF_ARM64_ROOT.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_ASM_COMPILER aarch64-linux-gnu-gcc)

if(DEFINED ENV{PYPERF_ARM64_ROOT})
  set(PYPERF_ARM64_ROOT $ENV{PYPERF_ARM64_ROOT} CACHE PATH "Tree of arm64 packages")
endif()
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES PYPERF_ARM64_ROOT)
if(PYPERF_ARM64_ROOT)
  set(CMAKE_SYSROOT ${PYPERF_ARM64_ROOT})
  set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64-static -L ${CMAKE_SYSROOT})
  set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
  set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE arm64)
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${CMAKE_SYSROOT}/usr/lib/aarch64-linux-gnu)
  set(ENV{PKG_CONFIG_SYSROOT_DIR} ${CMAKE_SYSROOT})
  set(ENV{PKG_CONFIG_LIBDIR}
      ${CMAKE_SYSROOT}/usr/lib/aarch64-linux-gnu/pkgconfig:${CMAKE_SYSROOT}/usr/share/pkgconfig)
endif()

# Headers and libraries of the target only, programs of the build machine only.
set(CMAKE_FIND_ROOT_PATH /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
