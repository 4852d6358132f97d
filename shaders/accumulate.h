#include "shaders/push.h"

PUSH_BLOCK(AccumulatePush)
PTR(FBuf) target;
PTR(FBuf) x;
uint count;  // of vectors
float factor;
PUSH_END
