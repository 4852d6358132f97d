#include "shaders/divide.h"
#include "shaders/push.h"

PUSH_BLOCK(UpsamplePush)
PTR(TBuf) x;
PTR(TBuf) y;
uint count;  // of vectors of y
uint height_x;
uint width_x;
Divisor columns;  // vectors per pixel
Divisor width;
Divisor height;
PUSH_END
