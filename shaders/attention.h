#include "shaders/push.h"

PUSH_BLOCK(AttentionPush)
PTR(TBuf) q;
PTR(TBuf) k;
PTR(TBuf) v;
PTR(TBuf) y;
PTR(FBuf) log_sum;
PTR(FBuf) mask;
uint queries;
uint keys;
uint heads;
float scale;      // of the scores, times log2(e)
uint mask_batch;  // elements from one to the next; 0 where all share
uint mask_head;
uint mask_query;
PUSH_END
