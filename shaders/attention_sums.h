#include "shaders/divide.h"
#include "shaders/push.h"

PUSH_BLOCK(AttentionSumsPush)
PTR(TBuf) y;
PTR(FBuf) dy;   // merge: the parts
PTR(FBuf) sum;  // delta, or the merged parts
uint count;     // delta: of numbers; merge: of vectors
uint terms;     // vectors of a head; merge: parts
Divisor heads;
Divisor queries;
PUSH_END
