# What every folder's CMakeLists.txt uses: compile settings, and vireo_library() for "a folder is a target".

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_BUILD_RPATH_USE_ORIGIN ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
  find_program(ENV_PROGRAM env)
  # Or ccache refuses whatever uses a precompiled header. It must compare headers byte by byte, not what the preprocessor
  # makes of them: GCC knows those inside of a precompiled one by their bytes, comments and blanks included.
  if(ENV_PROGRAM AND NOT CMAKE_DISABLE_PRECOMPILE_HEADERS)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${ENV_PROGRAM} CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_DEPEND=1 ${CCACHE})
  endif()
endif()
find_package(Threads REQUIRED)

# Where things lie below the prefix of an installation (Install.cmake), which programs find each other by. On Debian that
# is its own folder for libraries under every prefix, so that one build serves /usr/local, any other place and packages.
if(EXISTS /etc/debian_version AND CMAKE_LIBRARY_ARCHITECTURE)
  set(CMAKE_INSTALL_LIBDIR lib/${CMAKE_LIBRARY_ARCHITECTURE} CACHE PATH "Libraries, below the prefix")
endif()
include(GNUInstallDirs)
set(VIREO_PLUGIN_DIR ${CMAKE_INSTALL_LIBDIR}/gstreamer-1.0)
if(VIREO_GSTREAMER)  # as GStreamer has it below its own prefix
  find_package(PkgConfig REQUIRED)
  pkg_get_variable(gst_prefix gstreamer-1.0 prefix)
  pkg_get_variable(gst_plugins gstreamer-1.0 pluginsdir)
  cmake_path(IS_PREFIX gst_prefix "${gst_plugins}" inside)
  if(gst_prefix AND inside)
    file(RELATIVE_PATH VIREO_PLUGIN_DIR ${gst_prefix} ${gst_plugins})
  endif()
endif()

add_compile_options(-Wall -Wextra -Wshadow -Wno-missing-field-initializers)
if(VIREO_SANITIZE)
  add_compile_options(-fsanitize=${VIREO_SANITIZE} -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=${VIREO_SANITIZE})
endif()

# The instruction sets that a file's suffix asks for: <variant>.avx2.cpp, .avx512.cpp, .avx512_bf16.cpp,
# .amx_bf16.cpp. Such files hold kernel bodies only: no standard containers, whose inline functions the linker might share with code for older
# processors.
set(VIREO_ISA_avx2 -mavx2 -mfma -mf16c -O3)
set(VIREO_ISA_avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma -mf16c -mprefer-vector-width=512 -O3)
set(VIREO_ISA_avx512_vnni ${VIREO_ISA_avx512} -mavx512vnni)
set(VIREO_ISA_avx512_bf16 ${VIREO_ISA_avx512} -mavx512bf16)
set(VIREO_ISA_amx_bf16 ${VIREO_ISA_avx512_bf16} -mamx-tile -mamx-bf16)
set(VIREO_ISAS avx2 avx512 avx512_vnni avx512_bf16 amx_bf16)
if(VIREO_SANITIZE)  # unrolled kernels with checked loads take minutes to compile: addresses only, less unrolling
  foreach(isa ${VIREO_ISAS})
    list(APPEND VIREO_ISA_${isa} -O1 -fno-sanitize=undefined -DVIREO_INSTRUMENTED)
  endforeach()
endif()

# What makes a first build quick, beside ccache: headers that many files of a target include are compiled once
# (vireo_precompile), and small files that define no names twice are compiled together, as one unit (vireo_library). The
# sanitizers' presets do without both, so that a header that relies on others is found. Measured on every file: half of a
# small file's time was headers, a third was the same templates compiled again.
option(VIREO_UNITS "Compile small files of a folder together" ON)
if(VIREO_UNITS AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)  # it takes what a unit includes for headers
  add_compile_options(-Wno-subobject-linkage)
endif()

# vireo_precompile(TARGET HEADER): HEADER of cmake/pch is compiled once for TARGET, and stands before each of its files that
# has no options of its own. With a target's name instead of a header, what was compiled for that target is used.
function(vireo_precompile target header)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL GNU)  # others want the same macros in all files
    return()
  endif()
  if(TARGET ${header})
    target_precompile_headers(${target} REUSE_FROM ${header})
  else()  # in angle brackets, for a path in there would keep ccache from knowing it again in another folder
    target_precompile_headers(${target} PRIVATE <cmake/pch/${header}>)
  endif()
endfunction()

# vireo_units(VARIABLE NAME LOCAL FILES…): in VARIABLE, one file for all FILES, which includes them. They share a unit, so no
# name may be defined twice among them, not even in anonymous namespaces; those in the list LOCAL may: each file's is given
# the file's name.
function(vireo_units variable name local)
  set(text "")
  foreach(file ${ARGN})
    file(RELATIVE_PATH path ${CMAKE_SOURCE_DIR} ${file})
    get_filename_component(stem ${file} NAME_WE)
    foreach(word ${local})
      string(APPEND text "#define ${word} ${word}_of_${stem}\n")
    endforeach()
    string(APPEND text "#include \"${path}\"\n")
    foreach(word ${local})
      string(APPEND text "#undef ${word}\n")
    endforeach()
  endforeach()
  set(unit ${CMAKE_CURRENT_BINARY_DIR}/units/${name}.cpp)
  file(CONFIGURE OUTPUT ${unit} CONTENT "${text}" @ONLY)
  set(${variable} ${unit} PARENT_SCOPE)
endfunction()

# vireo_cold(TARGET): compiled with less optimisation, which takes a quarter off the time of its files.
function(vireo_cold target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
endfunction()

# vireo_library(NAME [SOURCES ...] [DEPS ...] [PCH HEADER|TARGET] [TOGETHER N|folder] [APART STEM...] [LOCAL NAME...]
# [COLD]): a static library of all *.cpp of this folder (or SOURCES), seen from the root of the repository, linked to DEPS. TOGETHER:
# units of up to N files in the order of their names, or one for each folder; the kernels of an instruction set are units
# of four. LOCAL: names that several files define, each for itself, and no header knows. Files APART (paths from here,
# without .cpp and instruction set) stay alone: they take long enough by themselves, or define names that are no others'.
# COLD: what works once for each model, layer or frame, and has no loops over their elements (vireo_cold).
function(vireo_library name)
  cmake_parse_arguments(ARG "COLD" "PCH;TOGETHER" "SOURCES;DEPS;APART;LOCAL" ${ARGN})
  if(NOT ARG_SOURCES)
    file(GLOB ARG_SOURCES CONFIGURE_DEPENDS *.cpp)
  endif()
  if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    list(FILTER ARG_SOURCES EXCLUDE REGEX "\\.(avx|amx)[0-9a-z_]*\\.cpp$")
  endif()
  if(VIREO_UNITS AND ARG_TOGETHER)
    vireo_group(ARG_SOURCES ${name} "${ARG_TOGETHER}" "${ARG_APART}" "${ARG_LOCAL}")
  endif()
  foreach(isa ${VIREO_ISAS})
    set(files ${ARG_SOURCES})
    list(FILTER files INCLUDE REGEX "\\.${isa}\\.cpp$")
    if(files)
      set_source_files_properties(${files} PROPERTIES COMPILE_OPTIONS "${VIREO_ISA_${isa}}" SKIP_PRECOMPILE_HEADERS ON)
    endif()
  endforeach()
  if(NOT ARG_SOURCES)  # headers only, so far
    file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/empty.cpp "")
    set(ARG_SOURCES ${CMAKE_CURRENT_BINARY_DIR}/empty.cpp)
  endif()
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${ARG_DEPS} Threads::Threads)
  if(ARG_PCH)
    vireo_precompile(${name} ${ARG_PCH})
  endif()
  if(ARG_COLD)
    vireo_cold(${name})
  endif()
endfunction()

# vireo_group(VARIABLE NAME TOGETHER APART LOCAL): puts units in place of the files in VARIABLE, see vireo_library.
function(vireo_group variable name together apart local)
  set(left "")
  set(keys "")
  foreach(file ${${variable}})
    get_filename_component(file ${file} ABSOLUTE)
    file(RELATIVE_PATH stem ${CMAKE_CURRENT_SOURCE_DIR} ${file})
    string(REGEX REPLACE "\\.cpp$" "" stem ${stem})
    set(set portable)
    if(stem MATCHES "^(.*)\\.(portable|(avx|amx)[0-9a-z_]*)$")
      set(stem ${CMAKE_MATCH_1})
      set(set ${CMAKE_MATCH_2})
    endif()
    if(stem MATCHES "^\\.\\./" OR stem IN_LIST apart)
      list(APPEND left ${file})
      continue()
    endif()
    set(most ${together})
    if(NOT set STREQUAL portable)
      set(most 4)
    endif()
    if(most STREQUAL "folder")
      get_filename_component(key ${stem} DIRECTORY)
    else()
      list(LENGTH files_of_${set} at)
      list(APPEND files_of_${set} ${file})
      math(EXPR key "${at} / ${most}")
      if(NOT set STREQUAL portable)
        set(key ${key}.${set})
      endif()
    endif()
    list(APPEND files_${key} ${file})
    list(APPEND keys ${key})
  endforeach()
  list(REMOVE_DUPLICATES keys)
  foreach(key ${keys})
    list(LENGTH files_${key} length)
    if(length EQUAL 1)
      list(APPEND left ${files_${key}})
    else()
      vireo_units(unit ${name}_${key} "${local}" ${files_${key}})
      list(APPEND left ${unit})
    endif()
  endforeach()
  set(${variable} ${left} PARENT_SCOPE)
endfunction()

# vireo_text(VARIABLE NAMESPACE FUNCTION FILE): adds a source to VARIABLE in which `const char* NAMESPACE::FUNCTION()` gives
# the text of a file of this folder.
function(vireo_text variable namespace function file)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(READ ${file} text)
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${function}.cpp @ONLY CONTENT "// Generated from ${file}.
namespace ${namespace} {
const char* ${function}();
const char* ${function}() { return R\"~~~(${text})~~~\"; }
}  // namespace ${namespace}
")
  list(APPEND ${variable} ${CMAKE_CURRENT_BINARY_DIR}/${function}.cpp)
  set(${variable} ${${variable}} PARENT_SCOPE)
endfunction()
