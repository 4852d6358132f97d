#include "shaders/divide.h"
#include "shaders/push.h"

PUSH_BLOCK(ConcatPush)
PTR(TBuf) a;
PTR(TBuf) b;
PTR(TBuf) y;
uint count;      // of vectors of y
uint columns_a;  // vectors per row of a
uint columns_b;
Divisor columns;  // vectors per row of y
PUSH_END
