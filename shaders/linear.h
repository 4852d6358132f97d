#include "shaders/push.h"

PUSH_BLOCK(LinearPush)
PTR(TBuf) x;
PTR(WBuf) weight;
PTR(WBuf) bias;
PTR(TBuf) residual;
PTR(TBuf) y;
uint rows;
uint cols;
uint depth;
PUSH_END
