#include "shaders/push.h"

PUSH_BLOCK(UnaryPush)
PTR(TBuf) x;
PTR(TBuf) y;   // of forward
PTR(FBuf) dy;  // of backward
PTR(FBuf) dx;
uint count;    // of vectors
float factor;  // of SCALE
PUSH_END

// Values of the constant FUNCTION.
#define UNARY_SILU 0u
#define UNARY_GELU 1u
#define UNARY_QUICK_GELU 2u
#define UNARY_SCALE 3u
#define UNARY_RELU 4u
#define UNARY_SIGMOID 5u
#define UNARY_TANH 6u
