// Attention's products for GPUs: a workgroup owns ROWS rows of one head (queries, or keys where
// their gradient is wanted) and meets MET rows at a time.
//
// Two products alternate. product(): the ROWS x MET scores of rows owned and rows met, summed over
// the head's channels; an invocation sums 4 x 4 of them in registers, while slices of DEPTH
// channels of both sides pass through shared memory and the next slice is fetched. accumulate():
// sums of rows met, each weighted by what became of its score, for every row owned; weights lie in
// shared memory, an invocation sums EACH channels of four rows in registers, and rows met pass
// through shared memory CHUNK at a time.
//
// Shared memory: 4 MET ROWS bytes of weights and 16 PANEL of slices, together 14.5 KiB for the
// usual 128 invocations; every device has 16.
//
// The includer declares the push block with `heads`, and defines load_own and load_met by means of
// attention_load.glsl: four channels of a row that begins at element `begin`, zero beyond the head,
// of the first or second pair of operands.
#ifndef LACUNA_ATTENTION_TILE_GLSL
#define LACUNA_ATTENTION_TILE_GLSL

layout(local_size_x_id = LOCAL_ID) in;
CONSTANT(uint, LOCAL, 128);
CONSTANT(uint, HEAD, 40);   // channels
CONSTANT(uint, FOURS, 10);  // fours of channels that a group accumulates
CONSTANT(bool, CAUSAL, false);

const uint HEAD_FOURS = (HEAD + 3) / 4;
const uint PARTS = (HEAD_FOURS + FOURS - 1) / FOURS;  // groups that share a row's channels
const bool EXACT = HEAD_FOURS % FOURS + HEAD % 8 == 0;

vec4 load_own(bool second, uint begin, uint four);
vec4 load_met(bool second, uint begin, uint four);

const uint MET = 32, ALONG = MET / 4;  // invocations along the rows met, and along the channels
const uint ROW_FOURS = LOCAL / ALONG, ROWS = ROW_FOURS * 4;
// Heads of 40 channels are no multiple of 16.
const uint DEPTH = HEAD % 16 == 0 ? 16 : 8, SLICES = (HEAD + DEPTH - 1) / DEPTH;
const uint OWN_LOADS = ROWS * (DEPTH / 4) / LOCAL;
const uint MET_FOURS = MET * (DEPTH / 4);  // of a slice
const uint MET_LOADS = (MET_FOURS + LOCAL - 1) / LOCAL;
const bool WHOLE_LOADS = MET_LOADS * LOCAL == MET_FOURS;
const uint OWN_PITCH = ROW_FOURS + 1, MET_PITCH = ALONG + 1;  // odd, against bank conflicts
const uint MET_BEGIN = 16 * OWN_PITCH;
const uint PANEL = 16 * (OWN_PITCH + MET_PITCH);
const uint EACH = (FOURS + 1) / 2;  // channels of an invocation: ALONG apart
// One four more: invocations beyond the last channel read on.
const uint CHUNK = PANEL > 32 * FOURS ? 32 : PANEL > 16 * FOURS ? 16 : PANEL > 8 * FOURS ? 8 : 4;

shared vec4 panel[PANEL];
shared vec4 weights[MET * ROW_FOURS];  // by row met, then row owned

uint lane = gl_LocalInvocationID.x;
uint row_four = lane % ROW_FOURS, along = lane / ROW_FOURS;
uint batch = gl_WorkGroupID.y / p.heads, head = gl_WorkGroupID.y % p.heads;
uint width = p.heads * HEAD;  // of a row of all heads
uint first_row = gl_WorkGroupID.x * ROWS;
uint first_four = gl_WorkGroupID.z % PARTS * FOURS;

// Where this head's channels of a row begin; rows beyond the end repeat the last.
uint row_begin(uint row, uint rows) {
  return (batch * rows + min(row, rows - 1)) * width + head * HEAD;
}

vec4 fetched_own[OWN_LOADS], fetched_met[MET_LOADS];

void fetch_slice(bool second, uint own_rows, uint met, uint met_rows, uint four) {
  [[unroll]] for (uint i = 0; i < OWN_LOADS; i++) {
    const uint at = i * LOCAL + lane;
    fetched_own[i] = load_own(second, row_begin(first_row + at / (DEPTH / 4), own_rows),
                              four + at % (DEPTH / 4));
  }
  [[unroll]] for (uint i = 0; i < MET_LOADS; i++) {
    const uint at = i * LOCAL + lane;
    if (WHOLE_LOADS || at < MET_FOURS)
      fetched_met[i] =
          load_met(second, row_begin(met + at / (DEPTH / 4), met_rows), four + at % (DEPTH / 4));
  }
}

void share_slice() {
  [[unroll]] for (uint i = 0; i < OWN_LOADS; i++) {
    const uint at = i * LOCAL + lane, row = at / (DEPTH / 4), channel = at % (DEPTH / 4) * 4;
    [[unroll]] for (uint j = 0; j < 4; j++) panel[(channel + j) * OWN_PITCH + row / 4][row % 4] =
        fetched_own[i][j];
  }
  [[unroll]] for (uint i = 0; i < MET_LOADS; i++) {
    const uint at = i * LOCAL + lane, row = at / (DEPTH / 4), channel = at % (DEPTH / 4) * 4;
    if (WHOLE_LOADS || at < MET_FOURS) [[unroll]]
      for (uint j = 0; j < 4; j++)
        panel[MET_BEGIN + (channel + j) * MET_PITCH + row / 4][row % 4] = fetched_met[i][j];
  }
}

// Products with the rows met from `met` on: of rows met 4 along + j, with four rows owned. The
// slice after the present one is fetched while that is multiplied. (Written so that each part
// stands here once: drivers take seconds to compile longer code.)
void product(bool second, uint own_rows, uint met, uint met_rows, out vec4 s[4]) {
  [[unroll]] for (uint j = 0; j < 4; j++) s[j] = vec4(0);
  [[dont_unroll]] for (uint slice = 0; slice <= SLICES; slice++) {
    if (slice < SLICES) fetch_slice(second, own_rows, met, met_rows, slice * (DEPTH / 4));
    if (slice > 0) {
      [[dont_unroll]] for (uint i = 0; i < DEPTH; i += 4) {
        [[unroll]] for (uint k = i; k < i + 4; k++) {
          const vec4 own = panel[k * OWN_PITCH + row_four];
          const vec4 other = panel[MET_BEGIN + k * MET_PITCH + along];
          [[unroll]] for (uint j = 0; j < 4; j++) s[j] += own * other[j];
        }
      }
    }
    barrier();
    if (slice < SLICES) share_slice();
    barrier();
  }
}

void share_weights(vec4 s[4]) {
  [[unroll]] for (uint j = 0; j < 4; j++) weights[(along * 4 + j) * ROW_FOURS + row_four] = s[j];
}

// Adds the rows met from `met` on by their shared weights. Begins after a barrier, ends with one.
void accumulate(bool second, uint met, uint met_rows, inout vec4 sum[EACH]) {
  [[dont_unroll]] for (uint first = 0; first < MET; first += CHUNK) {
    for (uint at = lane; at < CHUNK * FOURS; at += LOCAL)
      panel[at] =
          load_met(second, row_begin(met + first + at / FOURS, met_rows), first_four + at % FOURS);
    barrier();
    [[dont_unroll]] for (uint j = 0; j < CHUNK; j += 2) {
      [[unroll]] for (uint k = 0; k < 2; k++) {
        const vec4 weight = weights[(first + j + k) * ROW_FOURS + row_four];
        [[unroll]] for (uint i = 0; i < EACH; i++) sum[i] +=
            weight * panel[(j + k) * FOURS + i * 2 + along / 4][along % 4];
      }
    }
    barrier();
  }
}

// The channel of sum[i], and whether it is this group's.
uint channel_of(uint i) { return first_four * 4 + i * ALONG + along; }
bool is_mine(uint i) { return i * ALONG + along < FOURS * 4 && channel_of(i) < HEAD; }

#endif
