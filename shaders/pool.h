#include "shaders/divide.h"
#include "shaders/push.h"

PUSH_BLOCK(PoolPush)
PTR(TBuf) x;
PTR(TBuf) y;
PTR(FBuf) dy;
PTR(FBuf) dx;
uint count;       // of vectors of the result, y or dx
Divisor columns;  // vectors per pixel
Divisor width;    // of the result
Divisor height;
uint in_height;
uint in_width;
uint out_height;
uint out_width;
uint kernel_height;
uint kernel_width;
uint stride_y;
uint stride_x;
uint top;  // padding
uint left;
uint bottom;
uint right;
PUSH_END
