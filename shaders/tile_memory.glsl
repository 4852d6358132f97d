// Loads and stores of neighbours: two from an even element, four from a multiple of four.
//
// Halves travel as 32-bit words, because lavapipe loads 16-bit elements one by one (three times slower, and
// many times in compiling). unpackHalf2x16 is exact; packHalf2x16 rounds to nearest on every driver tested.
#ifndef LACUNA_TILE_MEMORY_GLSL
#define LACUNA_TILE_MEMORY_GLSL

#include "shaders/types.glsl"

#ifdef TYPE_f16
layout(buffer_reference, scalar, buffer_reference_align = 4) buffer Words {
  uint at[];
};
layout(buffer_reference, scalar, buffer_reference_align = 8) buffer Words2 {
  uvec2 at[];
};
vec2 load_pair(TBuf b, uint i) { return unpackHalf2x16(Words(b).at[i / 2]); }
vec4 load_four(TBuf b, uint i) {
  const uvec2 words = Words2(b).at[i / 4];
  return vec4(unpackHalf2x16(words.x), unpackHalf2x16(words.y));
}
void store_four(TBuf y, uint i, vec4 value) {
  Words2(y).at[i / 4] = uvec2(packHalf2x16(value.xy), packHalf2x16(value.zw));
}
#else
vec2 load_pair(TBuf b, uint i) { return vec2(b.at[i], b.at[i + 1]); }
vec4 load_four(TBuf b, uint i) { return TBuf4(b).at[i / 4]; }
void store_four(TBuf y, uint i, vec4 value) { TBuf4(y).at[i / 4] = value; }
#endif

#endif
