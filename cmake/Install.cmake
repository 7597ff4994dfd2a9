# What `cmake --install` puts where, in four components: libraries, development (headers, CMake and pkg-config files),
# gstreamer (the elements, and the library of their results) and program. Nothing that is installed refers to the folders that it was built from.

set(components runtime builder onnx)
set_target_properties(vireo PROPERTIES EXPORT_NAME runtime)
set_target_properties(vireo_build PROPERTIES EXPORT_NAME builder)
set_target_properties(vireo_import PROPERTIES EXPORT_NAME onnx)
set(target_runtime vireo)
set(target_builder vireo_build)
set(target_onnx vireo_import)
set(headers "engine/api=vireo")
set(substitutes "engine/api/=vireo/")
if(TARGET vireo_gst)
  list(APPEND components gstreamer)
  set_target_properties(vireo_gst PROPERTIES EXPORT_NAME gstreamer)
  set(target_gstreamer vireo_gst)
  list(APPEND headers "plugins/sdk/detection.h=vireo/sdk" "plugins/gst/frame_meta.h=vireo/gst"
       "plugins/gst/picture_name.h=vireo/gst")
  list(APPEND substitutes "plugins/sdk/=vireo/sdk/" "plugins/gst/=vireo/gst/")
endif()

# Libraries find each other beside themselves, wherever the prefix is moved to.
set(cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/vireo)
foreach(component ${components})
  set(target ${target_${component}})
  set(part libraries)
  if(component STREQUAL "gstreamer")
    set(part gstreamer)
  endif()
  set_target_properties(${target} PROPERTIES INSTALL_RPATH "$ORIGIN")
  install(TARGETS ${target} EXPORT vireo-${component}
          LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${part} NAMELINK_COMPONENT development)
  install(EXPORT vireo-${component} NAMESPACE vireo:: FILE vireo-${component}-targets.cmake
          DESTINATION ${cmake_dir} COMPONENT development)
endforeach()

# Headers include each other by their paths in the repository; installed ones do as <vireo/…>.
install(CODE "
set(source [[${CMAKE_SOURCE_DIR}]])
set(place \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_INCLUDEDIR}\")
set(headers [[${headers}]])
set(substitutes [[${substitutes}]])
include([[${CMAKE_SOURCE_DIR}/cmake/install_headers.cmake]])" COMPONENT development)

include(CMakePackageConfigHelpers)
configure_package_config_file(cmake/vireo-config.cmake.in ${CMAKE_BINARY_DIR}/package/vireo-config.cmake
                              INSTALL_DESTINATION ${cmake_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/package/vireo-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/package/vireo-config.cmake ${CMAKE_BINARY_DIR}/package/vireo-config-version.cmake
        DESTINATION ${cmake_dir} COMPONENT development)

# pkg-config files find the prefix from where they lie.
file(RELATIVE_PATH to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" to_prefix ${to_prefix})
function(vireo_pkgconfig name library description requires)
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/package/${name}.pc @ONLY CONTENT "prefix=\${pcfiledir}/@to_prefix@
libdir=\${prefix}/@CMAKE_INSTALL_LIBDIR@
includedir=\${prefix}/@CMAKE_INSTALL_INCLUDEDIR@

Name: @name@
Description: @description@
Version: @PROJECT_VERSION@
Requires: @requires@
Libs: -L\${libdir} -l@library@
Cflags: -I\${includedir}
")
  install(FILES ${CMAKE_BINARY_DIR}/package/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
endfunction()
vireo_pkgconfig(vireo vireo "Runs plans of neural networks" "")
vireo_pkgconfig(vireo-builder vireo_build "Builds plans of networks: timing, comparison" "vireo = ${PROJECT_VERSION}")
vireo_pkgconfig(vireo-onnx vireo_import "Reads networks from ONNX files" "vireo = ${PROJECT_VERSION}")

if(TARGET gstvireo)
  vireo_pkgconfig(vireo-gstreamer vireo_gst "Results of Vireo's GStreamer elements on buffers"
                  "vireo = ${PROJECT_VERSION}, gstreamer-1.0 >= 1.20, gstreamer-video-1.0")
  file(RELATIVE_PATH to_libraries /${VIREO_PLUGIN_DIR} /${CMAKE_INSTALL_LIBDIR})
  string(REGEX REPLACE "/$" "" to_libraries ${to_libraries})
  set_target_properties(gstvireo PROPERTIES INSTALL_RPATH "$ORIGIN/${to_libraries}")
  install(TARGETS gstvireo LIBRARY DESTINATION ${VIREO_PLUGIN_DIR} COMPONENT gstreamer)
endif()

file(RELATIVE_PATH to_libraries /${CMAKE_INSTALL_BINDIR} /${CMAKE_INSTALL_LIBDIR})
set_target_properties(vireo_cli PROPERTIES INSTALL_RPATH "$ORIGIN/${to_libraries}")
install(TARGETS vireo_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
install(FILES packaging/vireo.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT program)
if(TARGET vireo_deployment)
  # Deployments write into /tmp where those of the repository write into its build folder, and the unit names the program
  # by its place, which only the installation knows.
  install(FILES config/models/demo/street.onnx config/models/demo/street.jpg
          DESTINATION ${CMAKE_INSTALL_DATADIR}/vireo/models/demo COMPONENT program)
  install(CODE "
set(source [[${CMAKE_SOURCE_DIR}]])
set(bin \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\")
set(data \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DATADIR}/vireo\")
set(units \"\${CMAKE_INSTALL_PREFIX}/lib/systemd/system\")
include([[${CMAKE_SOURCE_DIR}/cmake/install_config.cmake]])" COMPONENT program)
endif()
