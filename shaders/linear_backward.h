#include "shaders/push.h"

PUSH_BLOCK(LinearBackwardPush)
PTR(FBuf) dy;
PTR(WBuf) weight;
PTR(TBuf) x;
PTR(FBuf) result;  // dx, dW or one part of dW after the other
uint rows;         // of the result
uint cols;
uint depth;
uint row_groups;  // for one part
uint part;        // of the depth
uint first;       // of a part, where this dispatch begins: it adds to the sums of those before
uint chunk;       // of a part, for this dispatch
PUSH_END
