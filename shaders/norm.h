#include "shaders/push.h"

PUSH_BLOCK(NormPush)
PTR(FBuf) x[8];  // of squares: tensors one after the other
PTR(FBuf) sums;  // of squares of chunks, of all tensors
PTR(FBuf) norm;  // [1]
uint counts[8];  // vectors of each tensor; 0 where there are fewer tensors
uint chunk;      // vectors per sum
uint first;      // where in sums those of this dispatch begin
uint count;      // of all sums
PUSH_END
