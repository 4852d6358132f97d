// Loads and stores of neighbours: two from an even element, four from a multiple of four.
//
// Halves travel as 32-bit words, because lavapipe loads 16-bit elements one by one (three times
// slower, and many times in compiling).
#ifndef LACUNA_TILE_MEMORY_GLSL
#define LACUNA_TILE_MEMORY_GLSL

#include "shaders/half.glsl"
#include "shaders/types.glsl"

layout(buffer_reference, scalar, buffer_reference_align = 4) buffer Words { uint at[]; };
layout(buffer_reference, scalar, buffer_reference_align = 8) buffer Words2 { uvec2 at[]; };
#define LOAD_HALVES(load_pair, load_four, Buf)                                       \
  vec2 load_pair(Buf b, uint i) { return unpackHalf2x16(CAST(Words, b).at[i / 2]); } \
  vec4 load_four(Buf b, uint i) {                                                    \
    const uvec2 words = CAST(Words2, b).at[i / 4];                                   \
    return vec4(unpackHalf2x16(words.x), unpackHalf2x16(words.y));                   \
  }
#define LOAD_FLOATS(load_pair, load_four, Buf)                         \
  vec2 load_pair(Buf b, uint i) { return vec2(b.at[i], b.at[i + 1]); } \
  vec4 load_four(Buf b, uint i) { return CAST(FBuf4, b).at[i / 4]; }

#ifdef HALF_WEIGHTS
LOAD_HALVES(load_pair_weight, load_four_weight, WBuf)
#else
LOAD_FLOATS(load_pair_weight, load_four_weight, WBuf)
#endif

#ifdef TYPE_f16
LOAD_HALVES(load_pair, load_four, TBuf)
void store_four(TBuf y, uint i, vec4 value) {
  CAST(Words2, y).at[i / 4] = uvec2(half_pair(value.xy), half_pair(value.zw));
}
#else
LOAD_FLOATS(load_pair, load_four, TBuf)
void store_four(TBuf y, uint i, vec4 value) { CAST(TBuf4, y).at[i / 4] = value; }
#endif

// Gradients are floats whatever T is. (glslangValidator 12 does not tell functions apart by the
// type of a reference.)
LOAD_FLOATS(load_pair_float, load_four_float, FBuf)
void store_four_float(FBuf y, uint i, vec4 value) { CAST(FBuf4, y).at[i / 4] = value; }

#endif
