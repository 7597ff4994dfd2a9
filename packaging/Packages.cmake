# `cpack --config build/CPackConfig.cmake`: Debian packages of what Install.cmake puts where.
set(CPACK_PACKAGE_NAME vireo)
set(CPACK_PACKAGE_VENDOR "The Vireo authors")
set(VIREO_MAINTAINER "The Vireo authors <vireo@localhost>" CACHE STRING "Who answers for the packages")
set(CPACK_PACKAGE_CONTACT "${VIREO_MAINTAINER}")
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/packages)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_SOURCE_DIR}/packaging/finish.cmake)
set(CPACK_PROJECT_CONFIG_FILE ${CMAKE_BINARY_DIR}/package/deb.cmake)
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/package/deb.cmake @ONLY CONTENT
     "set(CPACK_VIREO_SOURCE [[@CMAKE_SOURCE_DIR@]])\nset(CPACK_VIREO_LIBDIR [[@CMAKE_INSTALL_LIBDIR@]])\n")

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${CMAKE_LIBRARY_OUTPUT_DIRECTORY})
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS OFF)  # written out below, with versions

# vireo_package(COMPONENT NAME SECTION TEXT [LIBRARIES STEM…] [DEPENDS …] [RECOMMENDS …] [SUGGESTS …]): the first line of TEXT
# is the summary. LIBRARIES: those for programs to link, of which the package tells who needs them what to depend on.
function(vireo_package component name section text)
  cmake_parse_arguments(ARG "" "DEPENDS;RECOMMENDS;SUGGESTS" "LIBRARIES" ${ARGN})
  string(TOUPPER ${component} upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${name} PARENT_SCOPE)
  set(CPACK_DEBIAN_${upper}_PACKAGE_SECTION ${section} PARENT_SCOPE)
  set(CPACK_DEBIAN_${upper}_PACKAGE_DEPENDS "${ARG_DEPENDS}" PARENT_SCOPE)
  set(CPACK_DEBIAN_${upper}_PACKAGE_RECOMMENDS "${ARG_RECOMMENDS}" PARENT_SCOPE)
  set(CPACK_DEBIAN_${upper}_PACKAGE_SUGGESTS "${ARG_SUGGESTS}" PARENT_SCOPE)
  if(ARG_LIBRARIES)
    set(control ${CMAKE_BINARY_DIR}/package/${component})
    set(shlibs "")
    foreach(library ${ARG_LIBRARIES})
      string(APPEND shlibs "${library} 0 ${name} (= ${PROJECT_VERSION})\n")
    endforeach()
    file(CONFIGURE OUTPUT ${control}/shlibs CONTENT "${shlibs}")
    file(CONFIGURE OUTPUT ${control}/triggers CONTENT "activate-noawait ldconfig\n")
    set(CPACK_DEBIAN_${upper}_PACKAGE_CONTROL_EXTRA ${control}/shlibs ${control}/triggers PARENT_SCOPE)
  endif()
  set(CPACK_DEBIAN_${upper}_DESCRIPTION "${text}" PARENT_SCOPE)
endfunction()
set(libraries "libvireo0 (= ${PROJECT_VERSION})")
vireo_package(libraries libvireo0 libs "inference engine for neural networks - libraries
Vireo imports ONNX networks, optimises them, chooses kernels by timing them and
runs the plans on any CPU and on OpenCL devices. This package has the libraries
that run plans, build them and read ONNX files."
              LIBRARIES libvireo libvireo_build libvireo_import SUGGESTS "pocl-opencl-icd")
if(TARGET gstvireo)
  set(elements ", gstreamer1.0-vireo (= ${PROJECT_VERSION})")
endif()
vireo_package(development libvireo-dev libdevel "inference engine for neural networks - development files
Headers, CMake package and pkg-config files of Vireo's libraries. The component
gstreamer needs GStreamer's own development files too."
              DEPENDS "${libraries}${elements}" SUGGESTS "libgstreamer-plugins-base1.0-dev, pkg-config")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SHLIBDEPS OFF)
set(CPACK_COMPONENTS_ALL libraries development)
if(TARGET gstvireo)
  vireo_package(gstreamer gstreamer1.0-vireo libs "GStreamer elements that run neural networks on video
The elements vireoinfer (inference, batched over all streams), vireodraw,
vireopublish and vireoscene (synthetic streets with ground truth), and the
library with which programs read their results."
                LIBRARIES libvireo_gst
                DEPENDS "${libraries}")
  list(APPEND CPACK_COMPONENTS_ALL gstreamer)
  string(APPEND elements ", gstreamer1.0-plugins-base, gstreamer1.0-plugins-good")
endif()
vireo_package(program vireo video "neural networks on live video
The program runs networks on files, cameras and streams, builds, inspects,
measures and compares plans, and serves deployments of many streams."
              DEPENDS "${libraries}${elements}"
              RECOMMENDS "gstreamer1.0-plugins-bad, gstreamer1.0-plugins-ugly, gstreamer1.0-libav" SUGGESTS "pocl-opencl-icd")
list(APPEND CPACK_COMPONENTS_ALL program)
include(CPack)
