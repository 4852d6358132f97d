#version 460
// kernel moments f32 f16
// kernel stats f32
// kernel forward f32 f16 f32_f16
//
// y = (x - mean) / sqrt(var + eps) * weight + bias over the pixels and channels of each group, then
// SiLU if asked for   (Wu and He 2018)
//
// moments: an invocation owns WIDTH channels and walks the pixels of one chunk; neighbours read
// neighbouring channels. Deviations are taken from the chunk's first pixel, so that large means
// cost no digits. stats: merges chunks and channels of one group (Chan et al. 1979). forward: walks
// like moments.
#extension GL_GOOGLE_include_directive : require
#include "shaders/activation.glsl"
#include "shaders/lanes.glsl"
#include "shaders/group_norm.h"

CONSTANT(bool, SILU, false);

// A workgroup's share in moments and forward: chunk y of image z, LOCAL columns from x.
struct Share {
  uint column, first, last;  // first and last pixel, as rows of x
};
Share share() {
  const uint image = gl_WorkGroupID.z * p.rows;
  const uint first = gl_WorkGroupID.y * p.chunk;
  return Share(gl_WorkGroupID.x * LOCAL + gl_LocalInvocationID.x, image + first,
               image + min(first + p.chunk, p.rows));
}

#ifdef KERNEL_moments
void main() {
  const Share s = share();
  if (s.column >= p.columns) return;
  const vec4 origin = load(p.x, s.first * p.columns + s.column);
  vec4 total = vec4(0), squares = vec4(0);
  for (uint row = s.first; row < s.last; row++) {
    const vec4 d = load(p.x, row * p.columns + s.column) - origin;
    total += d;
    squares += d * d;
  }
  const vec4 mean = total / float(s.last - s.first);
  const uint to = (gl_WorkGroupID.z * p.chunks + gl_WorkGroupID.y) * 2 * p.columns + s.column;
  store_float(p.moments, to, origin + mean);
  store_float(p.moments, to + p.columns, squares - total * mean);
}
#endif

#ifdef KERNEL_stats
void main() {
  const uint row = row_index();
  const uint group = min(row, p.images * p.groups - 1);
  const uint image = group / p.groups;
  const uint stride = p.groups * p.channels.value;  // channels
  const uint from = image * p.chunks * 2 * stride + (group - image * p.groups) * p.channels.value;
  const float origin = p.moments.at[from];
  float total = 0;
  for (uint k = lane(); k < p.chunks; k += LANES) {
    float part = 0;
    for (uint c = 0; c < p.channels.value; c++)
      part += p.moments.at[from + 2 * k * stride + c] - origin;
    total += part * float(min(p.chunk, p.rows - k * p.chunk));
  }
  const float count = float(p.rows) * float(p.channels.value);
  const float mean = sum_lanes(total) / count;  // from origin
  float squares = 0;
  for (uint k = lane(); k < p.chunks; k += LANES) {
    const float pixels = float(min(p.chunk, p.rows - k * p.chunk));
    for (uint c = 0; c < p.channels.value; c++) {
      const uint at = from + 2 * k * stride + c;
      const float d = p.moments.at[at] - origin - mean;
      squares += p.moments.at[at + stride] + pixels * d * d;
    }
  }
  squares = sum_lanes(squares);
  if (row != group || lane() != 0) return;
  p.stats.at[2 * group] = origin + mean;
  p.stats.at[2 * group + 1] = 1 / sqrt(squares / count + p.eps);
}
#endif

#ifdef KERNEL_forward
void main() {
  const Share s = share();
  if (s.column >= p.columns) return;
  vec4 mean = vec4(0), factor = vec4(0);
  for (uint k = 0; k < WIDTH; k++) {
    const uint group = gl_WorkGroupID.z * p.groups + divide(s.column * WIDTH + k, p.channels);
    mean[k] = p.stats.at[2 * group];
    factor[k] = p.stats.at[2 * group + 1];
  }
  factor *= load_weight(p.weight, s.column);
  const vec4 bias = load_weight(p.bias, s.column);
  for (uint row = s.first; row < s.last; row++) {
    const uint i = row * p.columns + s.column;
    const vec4 y = (load(p.x, i) - mean) * factor + bias;
    store(p.y, i, SILU ? silu(y) : y);
  }
}
#endif
