#include "shaders/push.h"

PUSH_BLOCK(LayerNormPush)
PTR(TBuf) x;
PTR(WBuf) weight;
PTR(WBuf) bias;
PTR(TBuf) y;
PTR(FBuf) stats;  // [rows,2]: mean and 1 / sqrt(var + eps)
PTR(FBuf) dy;     // of backward and sums
PTR(FBuf) dx;
PTR(FBuf) sums;      // of sums: of dy, for each chunk of rows
PTR(FBuf) products;  // and of dy xhat
uint rows;
uint columns;  // vectors per row
float eps;
uint chunk;  // of sums: rows per chunk
PUSH_END
