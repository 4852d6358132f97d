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
    target_compile_options(${target} PRIVATE -Wno-restrict)  # false alarms on std::string: GCC bug 105651
  endif()
  if(LACUNA_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${LACUNA_SANITIZE} -fno-sanitize-recover=all
                           -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${LACUNA_SANITIZE})
  endif()
endfunction()

function(lacuna_forward layer)
  set(folder ${CMAKE_BINARY_DIR}/include/${layer})
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/${layer}/*.h)
  foreach(header IN LISTS headers)
    file(CONFIGURE OUTPUT ${folder}/${header} CONTENT "#include \"${CMAKE_SOURCE_DIR}/${header}\"\n")
  endforeach()
endfunction()

function(lacuna_layer name)
  cmake_parse_arguments(ARG "" "" "PUBLIC;PRIVATE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${name}/*.cpp)
  lacuna_forward(${name})
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} PUBLIC ${CMAKE_BINARY_DIR}/include/${name})
  target_link_libraries(${name} PUBLIC ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
  lacuna_warnings(${name})
endfunction()
