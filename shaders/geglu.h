#include "shaders/divide.h"
#include "shaders/push.h"

PUSH_BLOCK(GegluPush)
PTR(TBuf) x;
PTR(TBuf) y;   // of forward
PTR(FBuf) dy;  // of backward
PTR(FBuf) dx;
uint count;       // of vectors of y
Divisor columns;  // vectors per row of y
PUSH_END
