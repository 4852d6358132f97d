#include "shaders/divide.h"
#include "shaders/push.h"

// backward reads dy as x and writes dx as y.
PUSH_BLOCK(SlicePush)
PTR(TBuf) x;
PTR(TBuf) y;
uint count;       // of vectors of y
uint begin;       // first column, in vectors
uint columns_x;   // vectors per row of x
Divisor columns;  // vectors per row of y
PUSH_END
