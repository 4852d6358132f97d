#include "shaders/divide.h"
#include "shaders/push.h"

PUSH_BLOCK(AddPush)
PTR(TBuf) a;
PTR(TBuf) b;
PTR(TBuf) y;
uint count;       // of vectors
Divisor columns;  // of channel: vectors per channel row
Divisor image;    // of channel: vectors per image
PUSH_END
