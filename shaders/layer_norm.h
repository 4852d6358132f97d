#include "shaders/push.h"

PUSH_BLOCK(LayerNormPush)
PTR(TBuf) x;
PTR(TBuf) weight;
PTR(TBuf) bias;
PTR(TBuf) y;
uint rows;
uint columns;  // vectors per row
float eps;
PUSH_END
