#include "shaders/divide.h"
#include "shaders/push.h"

PUSH_BLOCK(EmbeddingPush)
PTR(IBuf) ids;
PTR(TBuf) table;
PTR(TBuf) positions;
PTR(TBuf) y;
uint count;       // of vectors of y
uint rows;        // of table
Divisor columns;  // vectors per row
Divisor tokens;   // per sentence
PUSH_END
