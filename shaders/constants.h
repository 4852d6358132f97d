// Specialization constants: one number for every name, for GLSL and C++ alike, so that neither side
// counts positions.
//
//   CONSTANT(uint, LOCAL, 64);                         GLSL declares what a kernel reads
//   layout(local_size_x_id = LOCAL_ID) in;
//   r.dispatch(..., {{Constant::LOCAL, 128}}, ...);    C++ gives values by name
//
// Two names with one number do not compile, and Recorder refuses a dispatch that leaves out what
// its kernel reads. What a constant means stands where GLSL declares it.
#ifndef LACUNA_CONSTANTS_H
#define LACUNA_CONSTANTS_H

#define SPECIALIZATION_CONSTANTS(X) \
  X(0, LOCAL)                       \
  X(1, LANES)                       \
  X(2, WIDTH)                       \
  X(3, STEPS)                       \
  X(4, ROWS)                        \
  X(5, VECTORS)                     \
  X(6, WHOLE_FOURS)                 \
  X(7, BIAS)                        \
  X(8, RESIDUAL)                    \
  X(9, DEPTH_FOURS)                 \
  X(10, ROW_FOURS)                  \
  X(11, CHANNEL_FOURS)              \
  X(12, LANES_ALONG_ROWS)           \
  X(13, DEPTH_STEP)                 \
  X(14, BLOCKS)                     \
  X(15, HEAD)                       \
  X(16, FOURS)                      \
  X(17, SLICE)                      \
  X(18, QUERIES)                    \
  X(19, KEYS)                       \
  X(20, OWNED)                      \
  X(21, MET)                        \
  X(22, CAUSAL)                     \
  X(23, MASKED)                     \
  X(24, WANT_DA)                    \
  X(25, WANT_DB)                    \
  X(26, SILU)                       \
  X(27, FUNCTION)                   \
  X(28, WEIGHTED)                   \
  X(29, DECOUPLED)                  \
  X(30, COUNT_PADDING)              \
  X(31, CPU_DRIVER)

#ifdef __cplusplus
#include <cstdint>
#include <string_view>
namespace lacuna {
#define CONSTANT_ENUMERATOR(number, name) name = number,
enum class Constant : uint32_t { SPECIALIZATION_CONSTANTS(CONSTANT_ENUMERATOR) };
#undef CONSTANT_ENUMERATOR
#define CONSTANT_NAME(number, name) \
  case Constant::name:              \
    return #name;
constexpr std::string_view name_of(Constant constant) {
  switch (constant) { SPECIALIZATION_CONSTANTS(CONSTANT_NAME) }
  return "?";
}
#undef CONSTANT_NAME
}  // namespace lacuna
#else
#define CONSTANT_NUMBER(number, name) const uint name##_ID = number;
SPECIALIZATION_CONSTANTS(CONSTANT_NUMBER)
#define CONSTANT(type, name, value) layout(constant_id = name##_ID) const type name = value
#endif

#endif
