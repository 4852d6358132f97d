#include "shaders/divide.h"
#include "shaders/push.h"

// backward reads dy as x and writes dx as y.
PUSH_BLOCK(DetachPush)
PTR(TBuf) x;
PTR(TBuf) y;
uint count;       // of vectors
uint detached;    // first tokens of each sentence
Divisor columns;  // vectors per token
Divisor tokens;   // of a sentence
PUSH_END
