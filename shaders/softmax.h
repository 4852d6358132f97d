#include "shaders/push.h"

PUSH_BLOCK(SoftmaxPush)
PTR(TBuf) x;  // of forward
PTR(TBuf) y;
PTR(FBuf) dy;  // of backward
PTR(FBuf) dx;
uint rows;
uint columns;  // vectors per row
PUSH_END
