#include "shaders/divide.h"
#include "shaders/push.h"

// Backward kernels read dy as y and write the gradients of table or positions.
PUSH_BLOCK(EmbeddingPush)
PTR(IBuf) ids;
PTR(WBuf) table;
PTR(WBuf) positions;
PTR(TBuf) y;
uint count;       // of vectors of y; of kernel positions: of vectors of positions
uint rows;        // of table
Divisor columns;  // vectors per row
Divisor tokens;   // per sentence
uint sentences;   // of backward kernels
PUSH_END
