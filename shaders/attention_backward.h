#include "shaders/push.h"

PUSH_BLOCK(AttentionBackwardPush)
PTR(TBuf) q;
PTR(TBuf) k;
PTR(TBuf) v;
PTR(FBuf) dy;
PTR(FBuf) log_sum;  // [B,heads,Tq]
PTR(FBuf) delta;    // [B,heads,Tq]: sum over a head's channels of dy y
PTR(FBuf) mask;
PTR(FBuf) da;  // dq, or parts of dk
PTR(FBuf) db;  // parts of dv
uint owned;    // rows that invocations own: queries for dq, keys for dk and dv
uint met;      // rows that they meet: keys, or queries
uint part;     // of the rows met, for one group
uint first;    // of a part, in this dispatch of several on CPU drivers
uint last;
uint batch;
uint heads;
float scale;      // of the scores, times log2(e)
uint mask_batch;  // elements from one to the next; 0 where all share
uint mask_head;
uint mask_query;
PUSH_END
