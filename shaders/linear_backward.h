#include "shaders/push.h"

PUSH_BLOCK(LinearBackwardPush)
PTR(FBuf) dy;
PTR(TBuf) weight;
PTR(TBuf) x;
PTR(FBuf) result;  // dx, dW or one part of dW after the other
uint rows;         // of the result
uint cols;
uint depth;
uint row_groups;  // for one part
uint chunk;       // of the depth, for one part
PUSH_END
