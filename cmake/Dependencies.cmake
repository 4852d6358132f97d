# Libraries for what is not our subject. All of them are Debian/Ubuntu packages: scripts/setup installs them.
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(Threads REQUIRED)
find_package(Eigen3 REQUIRED NO_MODULE)
find_package(PkgConfig REQUIRED)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
# Not by pkg-config: from Debian 13 on, sentencepiece.pc asks for protobuf-lite, which its package does not bring and
# which only its own compilation needs.
find_path(SENTENCEPIECE_INCLUDE sentencepiece_processor.h REQUIRED)
find_library(SENTENCEPIECE_LIBRARY sentencepiece REQUIRED)
find_path(STB_INCLUDE stb_image_write.h PATH_SUFFIXES stb REQUIRED)
find_path(VOLK_INCLUDE volk.h PATH_SUFFIXES volk REQUIRED)
find_path(XXHASH_INCLUDE xxhash.h REQUIRED)
find_program(GLSLANG glslangValidator REQUIRED)
find_program(SPIRV_OPT spirv-opt REQUIRED)
find_program(SPIRV_VAL spirv-val REQUIRED)

# volk loads the Vulkan loader at run time, so the binary starts (and explains itself) where there is none.
# Its single source file is compiled here, which also works where only the header-only package exists.
add_library(lacuna_volk STATIC ${CMAKE_SOURCE_DIR}/cmake/volk.c)
target_include_directories(lacuna_volk SYSTEM PUBLIC ${VOLK_INCLUDE})
target_compile_definitions(lacuna_volk PUBLIC VK_NO_PROTOTYPES)
target_link_libraries(lacuna_volk PUBLIC ${CMAKE_DL_LIBS})
add_library(lacuna::vulkan ALIAS lacuna_volk)

add_library(lacuna_stb INTERFACE)
target_include_directories(lacuna_stb SYSTEM INTERFACE ${STB_INCLUDE})
add_library(lacuna::stb ALIAS lacuna_stb)

add_library(lacuna_xxhash INTERFACE)
target_include_directories(lacuna_xxhash SYSTEM INTERFACE ${XXHASH_INCLUDE})
add_library(lacuna::xxhash ALIAS lacuna_xxhash)

add_library(lacuna_sentencepiece INTERFACE)
target_include_directories(lacuna_sentencepiece SYSTEM INTERFACE ${SENTENCEPIECE_INCLUDE})
target_link_libraries(lacuna_sentencepiece INTERFACE ${SENTENCEPIECE_LIBRARY})
# From 0.2.1 on, its header includes headers of Abseil.
file(STRINGS ${SENTENCEPIECE_INCLUDE}/sentencepiece_processor.h abseil REGEX "include <absl/")
if(abseil)
  find_package(absl REQUIRED)
  target_link_libraries(lacuna_sentencepiece INTERFACE absl::status absl::strings)
endif()
add_library(lacuna::sentencepiece ALIAS lacuna_sentencepiece)
