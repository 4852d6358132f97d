// Storage types and buffer references shared by all kernels.
//
// T is the storage type of activations (-DTYPE_f32, -DTYPE_f16) and W that of weights, which is the
// same unless -DWEIGHT_f16 says otherwise; kernels load T and W, compute in float and store T. A
// push block holds 64-bit addresses: TBuf refers to elements of T, WBuf to W, FBuf to float, IBuf
// to int. TBuf4, WBuf4 and FBuf4 read four elements at once and need addresses of whole fours.
#ifndef LACUNA_TYPES_GLSL
#define LACUNA_TYPES_GLSL

#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require
#extension GL_EXT_scalar_block_layout : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require

#include "shaders/constants.h"

#if defined(TYPE_f16) || defined(WEIGHT_f16)
#define HALF_WEIGHTS
#extension GL_EXT_shader_16bit_storage : require
#endif

#ifdef TYPE_f16
#define T float16_t
#define T4 f16vec4
#define T_ALIGN 2
#define T4_ALIGN 8
#else
#define T float
#define T4 vec4
#define T_ALIGN 4
#define T4_ALIGN 16
#endif

#ifdef HALF_WEIGHTS
#define W float16_t
#define W4 f16vec4
#define W_ALIGN 2
#define W4_ALIGN 8
#else
#define W float
#define W4 vec4
#define W_ALIGN 4
#define W4_ALIGN 16
#endif

layout(buffer_reference, scalar, buffer_reference_align = T_ALIGN) buffer TBuf { T at[]; };
layout(buffer_reference, scalar, buffer_reference_align = T4_ALIGN) buffer TBuf4 { T4 at[]; };
layout(buffer_reference, scalar, buffer_reference_align = W_ALIGN) buffer WBuf { W at[]; };
layout(buffer_reference, scalar, buffer_reference_align = W4_ALIGN) buffer WBuf4 { W4 at[]; };
layout(buffer_reference, scalar, buffer_reference_align = 4) buffer FBuf { float at[]; };
layout(buffer_reference, scalar, buffer_reference_align = 16) buffer FBuf4 { vec4 at[]; };
layout(buffer_reference, scalar, buffer_reference_align = 4) buffer IBuf { int at[]; };

// The same address as a reference to other elements. It goes by way of two words, of which drivers
// make nothing, since SwiftShader dies of a cast from pointer to pointer, as it does of a pointer
// that a condition chose: choose between words, TBuf(c ? uvec2(a) : uvec2(b)).
#define CAST(Buffer, address) Buffer(uvec2(address))

// The index of this workgroup where Recorder::fold spread a long line of groups over two
// dimensions.
uint group_index() { return gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x; }

#endif
