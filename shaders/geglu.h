#include "shaders/divide.h"
#include "shaders/push.h"

PUSH_BLOCK(GegluPush)
PTR(TBuf) x;
PTR(TBuf) y;
uint count;       // of vectors of y
Divisor columns;  // vectors per row of y
PUSH_END
