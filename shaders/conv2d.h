#include "shaders/push.h"

PUSH_BLOCK(Conv2dPush)
PTR(TBuf) x;
PTR(WBuf) weight;
PTR(WBuf) bias;
PTR(TBuf) residual;
PTR(TBuf) y;
PTR(FBuf) sums;  // shaped like y: of the chunks before
uint rows;       // pixels of y in all images
uint cols;       // channels of y
uint in_height;
uint in_width;
uint channels;  // of x
uint out_height;
uint out_width;
uint kernel_height;
uint kernel_width;
uint stride_y;
uint stride_x;
uint top;  // zeros above
uint left;
uint first;  // of the chunk of the depth that is summed
uint end;    // of it
PUSH_END
