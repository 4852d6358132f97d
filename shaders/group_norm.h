#include "shaders/divide.h"
#include "shaders/push.h"

PUSH_BLOCK(GroupNormPush)
PTR(TBuf) x;
PTR(WBuf) weight;
PTR(WBuf) bias;
PTR(TBuf) y;
PTR(FBuf) moments;  // [N,chunks,2,C]: mean and sum of squared deviations of each chunk and channel
PTR(FBuf) stats;    // [N,G,2]: mean and 1 / sqrt(var + eps)
uint images;
uint rows;     // pixels per image
uint columns;  // vectors per pixel
uint chunk;    // pixels per chunk
uint chunks;
uint groups;
Divisor channels;  // per group
float eps;
PUSH_END
