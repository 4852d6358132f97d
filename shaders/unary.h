#include "shaders/push.h"

PUSH_BLOCK(UnaryPush)
  PTR(TBuf) x;
  PTR(TBuf) y;
  uint count;
PUSH_END
