#include "shaders/push.h"

// Chains of multiply-adds for each element, and how many steps of all of them the loop's body has.
// Three chains of four lanes are what 16 registers hold: two are slower, four far slower there.
#define PEAK_CHAINS 3
#define PEAK_UNROLLED 16

PUSH_BLOCK(PeakPush)
PTR(TBuf) x;
PTR(TBuf) y;
uint count;    // of vectors
uint steps;    // of fma; whole times PEAK_UNROLLED
float factor;  // of fma
float term;
PUSH_END
