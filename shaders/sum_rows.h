#include "shaders/push.h"

PUSH_BLOCK(SumRowsPush)
PTR(FBuf) x;
PTR(FBuf) y;
uint images;
uint rows;     // of an image
uint columns;  // vectors per row
uint chunk;    // rows per sum
uint chunks;   // sums per image
PUSH_END
