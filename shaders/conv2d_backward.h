// Of conv2d_dx.comp and conv2d_dw.comp.
#include "shaders/push.h"

PUSH_BLOCK(Conv2dBackwardPush)
PTR(FBuf) dy;
PTR(WBuf) weight;
PTR(TBuf) x;
PTR(FBuf) result;  // dx, dW or one part of dW after the other
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
uint row_groups;  // of one phase of dx, one part of dW (tiles) or one tap of one part (lanes)
uint part;        // of dW: pixels of y (tiles) or lines of pixels (lanes)
uint first;       // of a part, where this dispatch begins: it adds to the sums of those before
uint chunk;       // of a part, for this dispatch
PUSH_END
