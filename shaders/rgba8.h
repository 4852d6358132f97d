#include "shaders/push.h"

PUSH_BLOCK(Rgba8Push)
PTR(FBuf) x;
PTR(IBuf) y;
uint count;  // of pixels
PUSH_END
