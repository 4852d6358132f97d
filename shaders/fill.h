#include "shaders/push.h"

PUSH_BLOCK(FillPush)
PTR(FBuf) y;
uint count;  // of vectors
float value;
PUSH_END
