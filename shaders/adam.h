#include "shaders/push.h"

PUSH_BLOCK(AdamPush)
PTR(FBuf) weight;
PTR(FBuf) moment1;
PTR(FBuf) moment2;
PTR(FBuf) gradient;
PTR(FBuf) step;  // [8], see AdamStep in engine/ops.h
PTR(FBuf) norm;  // [1], of all gradients
uint count;      // of vectors
PUSH_END
