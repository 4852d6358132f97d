# lacuna_layer(NAME PUBLIC ... PRIVATE ...): one static library per top-level folder.
#
# Sources include from the repository root ("engine/graph.h"). A layer that may be included gets a folder
# of forwarding headers in the build tree, and only the layers it links to are on its include path: an
# include against the arrows of ARCHITECTURE.md does not compile.
function(lacuna_warnings target)
  if(MSVC)
    target_compile_options(${target} PRIVATE /W4 /utf-8 $<$<BOOL:${LACUNA_WERROR}>:/WX>)
  else()
    # Vulkan's structures are filled by sType and the few members that matter.
    target_compile_options(${target} PRIVATE -Wall -Wextra -Wno-missing-field-initializers $<$<BOOL:${LACUNA_WERROR}>:-Werror>)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # False alarms on std::string (GCC bugs 105651, 105329); with precompiled headers GCC forgets that they are in a
    # system header and reports them.
    target_compile_options(${target} PRIVATE -Wno-restrict $<$<BOOL:${LACUNA_PRECOMPILE}>:-Wno-array-bounds$<SEMICOLON>-Wno-stringop-overflow$<SEMICOLON>-Wno-stringop-overread>)
  endif()
  if(LACUNA_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${LACUNA_SANITIZE} -fno-sanitize-recover=all
                           -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${LACUNA_SANITIZE})
  endif()
endfunction()

# The headers of cmake/precompiled.h, parsed once for all libraries and programs; CMake would parse them for each target.
if(LACUNA_PRECOMPILE)
  add_library(lacuna_precompiled OBJECT ${CMAKE_SOURCE_DIR}/cmake/precompiled.cpp)
  target_link_libraries(lacuna_precompiled PRIVATE fmt::fmt)
  target_precompile_headers(lacuna_precompiled PRIVATE ${CMAKE_SOURCE_DIR}/cmake/precompiled.h)
  lacuna_warnings(lacuna_precompiled)
endif()

# lacuna_precompile(TARGET [FROM]): a target reads the headers that FROM has precompiled. GCC takes them only if FROM
# has the same options, and no definition that TARGET lacks.
function(lacuna_precompile target)
  if(LACUNA_PRECOMPILE)
    list(APPEND ARGN lacuna_precompiled)
    list(GET ARGN 0 from)
    target_precompile_headers(${target} REUSE_FROM ${from})
  endif()
endfunction()

# lacuna_unity(TARGET COUNT): with LACUNA_UNITY, up to COUNT sources of the target are compiled as one, so that headers
# are read and templates made once for all of them. Names in their anonymous namespaces must then differ. COUNT leaves
# several pieces of similar size, for two cores and more.
function(lacuna_unity target count)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${LACUNA_UNITY} UNITY_BUILD_BATCH_SIZE ${count}
                        UNITY_BUILD_RELOCATABLE ON)
endfunction()

# lacuna_alone(SOURCE...): sources that are never compiled together with others.
function(lacuna_alone)
  set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

function(lacuna_forward layer)
  set(folder ${CMAKE_BINARY_DIR}/include/${layer})
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/${layer}/*.h)
  foreach(header IN LISTS headers)
    # Relative, so that the same sources in another folder are the same to a compiler cache.
    get_filename_component(place ${folder}/${header} DIRECTORY)
    file(RELATIVE_PATH path ${place} ${CMAKE_SOURCE_DIR}/${header})
    file(CONFIGURE OUTPUT ${folder}/${header} CONTENT "#include \"${path}\"\n")
  endforeach()
endfunction()

function(lacuna_layer name)
  cmake_parse_arguments(ARG "" "UNITY" "PUBLIC;PRIVATE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${name}/*.cpp)
  lacuna_forward(${name})
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} PUBLIC ${CMAKE_BINARY_DIR}/include/${name})
  target_link_libraries(${name} PUBLIC ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
  lacuna_warnings(${name})
  lacuna_precompile(${name})
  if(ARG_UNITY)
    lacuna_unity(${name} ${ARG_UNITY})
  endif()
endfunction()
