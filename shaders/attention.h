#include "shaders/push.h"

PUSH_BLOCK(AttentionPush)
PTR(TBuf) q;
PTR(TBuf) k;
PTR(TBuf) v;
PTR(TBuf) y;
PTR(FBuf) log_sum;
uint queries;
uint keys;
uint heads;
float scale;  // of the scores, times log2(e)
PUSH_END
