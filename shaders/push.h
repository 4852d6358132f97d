// Push blocks are declared once, in <stem>.h, for GLSL and C++ alike:
//
//   PUSH_BLOCK(SoftmaxPush)
//     PTR(TBuf) x;      a device address; in GLSL a reference to a buffer of that element type
//     PTR(TBuf) y;
//     uint cols;
//   PUSH_END
//
// Scalar layout, addresses first, at most 128 bytes. GLSL reads members as p.x.
#ifndef LACUNA_PUSH_H
#define LACUNA_PUSH_H

#ifdef __cplusplus
#include <cstdint>
#define PUSH_BLOCK(Name) \
  namespace lacuna {     \
  struct Name {
#define PUSH_END \
  }              \
  ;              \
  }
#define PTR(Type) uint64_t
namespace lacuna {
using uint = uint32_t;
}
#else
#define PUSH_BLOCK(Name) layout(push_constant, scalar) uniform Name {
#define PUSH_END \
  }              \
  p;
#define PTR(Type) Type
#endif

#endif
