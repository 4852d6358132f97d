#include "shaders/divide.h"
#include "shaders/push.h"

PUSH_BLOCK(GroupNormBackwardPush)
PTR(TBuf) x;
PTR(WBuf) weight;
PTR(WBuf) bias;
PTR(FBuf) stats;  // [N,G,2]: mean and 1 / sqrt(var + eps)
PTR(FBuf) dy;
PTR(FBuf) dx;
PTR(FBuf) sums;      // [N,chunks,C]: of dz
PTR(FBuf) products;  // [N,chunks,C]: of dz xhat
PTR(FBuf) means;     // [N,G,2]: of weight dz and of weight dz xhat
uint images;
uint rows;     // pixels per image
uint columns;  // vectors per pixel
uint chunk;    // pixels per chunk
uint chunks;
uint groups;
Divisor channels;  // per group
PUSH_END
