#include "shaders/divide.h"
#include "shaders/push.h"

// copy: y = table. put: y[ids[r]] = rows[r]. gather: rows[r] = y[ids[r]], with dy as y.
PUSH_BLOCK(ReplaceRowsPush)
PTR(TBuf) table;
PTR(TBuf) rows;
PTR(TBuf) y;
PTR(IBuf) ids;
uint count;       // of vectors of y (copy) or of rows
Divisor columns;  // vectors per row
PUSH_END
