#include "shaders/push.h"

PUSH_BLOCK(CastPush)
PTR(TBuf) halves;
PTR(FBuf) floats;
uint count;  // of vectors
PUSH_END
