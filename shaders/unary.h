#include "shaders/push.h"

PUSH_BLOCK(UnaryPush)
PTR(TBuf) x;
PTR(TBuf) y;   // of forward
PTR(FBuf) dy;  // of backward
PTR(FBuf) dx;
uint count;    // of vectors
float factor;  // of SCALE
PUSH_END
