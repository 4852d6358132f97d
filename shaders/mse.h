#include "shaders/divide.h"
#include "shaders/push.h"

PUSH_BLOCK(MsePush)
PTR(TBuf) x;
PTR(FBuf) target;
PTR(FBuf) weight;  // one number for `inner` neighbouring vectors
PTR(FBuf) sums;    // [N,chunks] of weight (x - target)^2
PTR(FBuf) each;    // [N]
PTR(FBuf) total;   // [1]
PTR(FBuf) dtotal;  // [1]; of backward
PTR(FBuf) dx;
uint count;    // of vectors of x
uint entries;  // N
uint columns;  // vectors per entry
uint chunk;    // vectors per sum
uint chunks;   // sums per entry
Divisor inner;
float elements;  // of x
PUSH_END
