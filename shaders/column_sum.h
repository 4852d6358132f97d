#include "shaders/push.h"

PUSH_BLOCK(ColumnSumPush)
PTR(FBuf) x;
PTR(FBuf) y;
uint rows;
uint columns;  // vectors in a row
uint chunk;    // rows for one row of y
PUSH_END
