#include "shaders/push.h"

PUSH_BLOCK(Conv2dPlainPush)
PTR(TBuf) x;
PTR(WBuf) weight;
PTR(WBuf) bias;
PTR(TBuf) residual;
PTR(TBuf) y;
PTR(FBuf) dy;
PTR(FBuf) result;  // dx, or one part of dW after the other
uint images;
uint in_height;
uint in_width;
uint channels;  // of x
uint out_height;
uint out_width;
uint out_channels;
uint kernel_height;
uint kernel_width;
uint stride_y;
uint stride_x;
uint top;  // zeros above
uint left;
uint dilation_y;
uint dilation_x;
uint groups;
uint part;  // of dW: lines of y that an invocation sums
PUSH_END
