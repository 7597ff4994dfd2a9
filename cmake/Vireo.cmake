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
endif()
find_package(Threads REQUIRED)

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
set(VIREO_ISA_avx512_bf16 ${VIREO_ISA_avx512} -mavx512bf16)
set(VIREO_ISA_amx_bf16 ${VIREO_ISA_avx512_bf16} -mamx-tile -mamx-bf16)
set(VIREO_ISAS avx2 avx512 avx512_bf16 amx_bf16)
if(VIREO_SANITIZE)  # unrolled kernels with checked loads take minutes to compile: addresses only, less unrolling
  foreach(isa ${VIREO_ISAS})
    list(APPEND VIREO_ISA_${isa} -O1 -fno-sanitize=undefined -DVIREO_INSTRUMENTED)
  endforeach()
endif()

# vireo_library(NAME [SOURCES ...] [DEPS ...]): a static library of all *.cpp of this folder (or SOURCES), seen from the
# root of the repository, linked to DEPS.
function(vireo_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  if(NOT ARG_SOURCES)
    file(GLOB ARG_SOURCES CONFIGURE_DEPENDS *.cpp)
  endif()
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    foreach(isa ${VIREO_ISAS})
      set(files ${ARG_SOURCES})
      list(FILTER files INCLUDE REGEX "\\.${isa}\\.cpp$")
      if(files)
        set_source_files_properties(${files} PROPERTIES COMPILE_OPTIONS "${VIREO_ISA_${isa}}")
      endif()
    endforeach()
  else()
    list(FILTER ARG_SOURCES EXCLUDE REGEX "\\.(avx|amx)[0-9a-z_]*\\.cpp$")
  endif()
  if(NOT ARG_SOURCES)  # headers only, so far
    file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/empty.cpp "")
    set(ARG_SOURCES ${CMAKE_CURRENT_BINARY_DIR}/empty.cpp)
  endif()
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${ARG_DEPS} Threads::Threads)
endfunction()
