#include "shaders/push.h"

PUSH_BLOCK(UnaryPush)
PTR(TBuf) x;
PTR(TBuf) y;
uint count;    // of vectors
float factor;  // of SCALE
PUSH_END
