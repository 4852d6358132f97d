# Every shaders/*.comp is compiled once per kernel and type to SPIR-V and embedded in the library `shaders`.
#
# A .comp file declares its kernels in comment lines near its top:
#   // kernel forward f32 f16
#   // kernel forward_tile f32 f16
# For each, glslangValidator runs with -DKERNEL_forward and -DTYPE_f32 (kernels/types.glsl turns that into
# T), then spirv-opt -O (measured: docs/performance.md) and spirv-val; a shader error breaks the build.
# The embedded module is named "<stem>.<kernel>.<type>", such as "linear.forward.f16".
function(lacuna_shaders)
  set(out ${CMAKE_BINARY_DIR}/shaders)
  file(MAKE_DIRECTORY ${out})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/shaders/*.comp)
  file(GLOB includes CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/shaders/*.h ${CMAKE_SOURCE_DIR}/shaders/*.glsl)
  set(modules)
  foreach(source IN LISTS sources)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
    get_filename_component(stem ${source} NAME_WE)
    file(STRINGS ${source} lines REGEX "^// kernel ")
    if(NOT lines)
      message(FATAL_ERROR "${source} declares no kernel: add a line such as '// kernel forward f32 f16'")
    endif()
    foreach(line IN LISTS lines)
      string(REGEX REPLACE "^// kernel +" "" line "${line}")
      separate_arguments(words UNIX_COMMAND "${line}")
      list(POP_FRONT words kernel)
      foreach(type IN LISTS words)
        set(name ${stem}.${kernel}.${type})
        add_custom_command(
          OUTPUT ${out}/${name}.spv
          COMMAND ${GLSLANG} --quiet -V --target-env vulkan1.2 -DKERNEL_${kernel} -DTYPE_${type}
                  -I${CMAKE_SOURCE_DIR} -o ${out}/${name}.raw ${source}
          COMMAND ${SPIRV_OPT} --target-env=vulkan1.2 -O ${out}/${name}.raw -o ${out}/${name}.spv
          COMMAND ${SPIRV_VAL} --target-env vulkan1.2 --scalar-block-layout ${out}/${name}.spv
          DEPENDS ${source} ${includes} VERBATIM COMMENT "shader ${name}")
        list(APPEND modules ${name})
      endforeach()
    endforeach()
  endforeach()
  list(TRANSFORM modules PREPEND ${out}/ OUTPUT_VARIABLE files)
  list(TRANSFORM files APPEND .spv)

  add_executable(embed_spirv ${CMAKE_SOURCE_DIR}/cmake/embed_spirv.cpp)
  add_custom_command(OUTPUT ${out}/modules.cpp
    COMMAND embed_spirv ${out}/modules.cpp ${files}
    DEPENDS embed_spirv ${files} VERBATIM COMMENT "embed SPIR-V")
  add_library(shaders STATIC ${out}/modules.cpp)
  lacuna_forward(shaders)
  target_include_directories(shaders PUBLIC ${CMAKE_BINARY_DIR}/include/shaders)
  add_library(lacuna::shaders ALIAS shaders)
endfunction()
