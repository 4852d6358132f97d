#include "shaders/divide.h"
#include "shaders/push.h"

PUSH_BLOCK(AttentionDeltaPush)
PTR(TBuf) y;
PTR(FBuf) dy;
PTR(FBuf) delta;
uint count;  // of numbers
uint terms;  // vectors of a head
Divisor heads;
Divisor queries;
PUSH_END
