#include "shaders/push.h"

PUSH_BLOCK(SoftmaxPush)
PTR(TBuf) x;
PTR(TBuf) y;
uint rows;
uint columns;  // vectors per row
PUSH_END
