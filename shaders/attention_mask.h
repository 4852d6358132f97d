#include "shaders/push.h"

PUSH_BLOCK(AttentionMaskPush)
PTR(TBuf) q;
PTR(TBuf) k;
PTR(TBuf) v;
PTR(FBuf) dy;
PTR(FBuf) log_sum;  // [B,heads,Tq]
PTR(FBuf) delta;    // [B,heads,Tq]
PTR(FBuf) mask;     // [mask_batch,mask_heads,mask_queries,keys]
PTR(FBuf) result;   // one part of the mask's gradient after the other
uint batch;
uint heads;
uint queries;
uint keys;
uint mask_batch;  // 1 or batch
uint mask_heads;  // 1 or heads
uint mask_queries;
uint parts;
uint part;     // terms that an invocation sums
uint vectors;  // of a row of one head
float scale;   // of the scores, times log2(e)
PUSH_END
