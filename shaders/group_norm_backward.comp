#version 460
// kernel sums f32 f16 f32_f16
// kernel means f32 f16
// kernel dx f32 f16 f32_f16
//
// The gradient of group_norm.comp. With xhat = (x - mean) / sqrt(var + eps) and z = xhat weight +
// bias, dz = dy, or dy silu'(z) where SiLU follows:
//
//   dbias = sum(dz), dweight = sum(dz xhat) over pixels and images
//   dx = (g - mean(g) - xhat mean(g xhat)) / sqrt(var + eps), g = weight dz, means over the group
//
// sums: of dz and dz xhat over the pixels of a chunk; walks like the forward's moments. means: of
// one group, from the sums of its chunks and channels. dx: walks like sums. xhat and dz are
// computed twice rather than stored.
#extension GL_GOOGLE_include_directive : require
#include "shaders/activation.glsl"
#include "shaders/lanes.glsl"
#include "shaders/group_norm_backward.h"

CONSTANT(bool, SILU, false);

#ifdef KERNEL_means
void main() {
  const uint row = row_index();
  const uint group = min(row, p.images * p.groups - 1);
  const uint image = group / p.groups;
  const uint stride = p.groups * p.channels.value;  // channels
  const uint first = (group - image * p.groups) * p.channels.value;
  float sums = 0, products = 0;
  for (uint k = lane(); k < p.chunks; k += LANES)
    for (uint c = first; c < first + p.channels.value; c++) {
      const uint at = (image * p.chunks + k) * stride + c;
      const float weight = float(p.weight.at[c]);
      sums += weight * p.sums.at[at];
      products += weight * p.products.at[at];
    }
  const float count = float(p.rows) * float(p.channels.value);
  sums = sum_lanes(sums);
  products = sum_lanes(products);
  if (row != group || lane() != 0) return;
  p.means.at[2 * group] = sums / count;
  p.means.at[2 * group + 1] = products / count;
}
#else

// What the channels of an invocation need: chunk y of image z, LOCAL columns from x.
uint column = gl_WorkGroupID.x * LOCAL + gl_LocalInvocationID.x;
uint first = gl_WorkGroupID.z * p.rows + gl_WorkGroupID.y * p.chunk;
uint end = gl_WorkGroupID.z * p.rows + min((gl_WorkGroupID.y + 1) * p.chunk, p.rows);
vec4 mean = vec4(0), factor = vec4(0), mean_g = vec4(0), mean_product = vec4(0);
vec4 weight, bias;

void load_channels() {
  for (uint k = 0; k < WIDTH; k++) {
    const uint group = gl_WorkGroupID.z * p.groups + divide(column * WIDTH + k, p.channels);
    mean[k] = p.stats.at[2 * group];
    factor[k] = p.stats.at[2 * group + 1];
#ifdef KERNEL_dx
    mean_g[k] = p.means.at[2 * group];
    mean_product[k] = p.means.at[2 * group + 1];
#endif
  }
  weight = load_weight(p.weight, column);
  if (SILU) bias = load_weight(p.bias, column);
}

vec4 load_dz(uint i, vec4 xhat) {
  const vec4 dy = load_float(p.dy, i);
  return SILU ? dy * silu_slope(xhat * weight + bias) : dy;
}

void main() {
  if (column >= p.columns) return;
  load_channels();
  vec4 sums = vec4(0), products = vec4(0);
  for (uint row = first; row < end; row++) {
    const uint i = row * p.columns + column;
    const vec4 xhat = (load(p.x, i) - mean) * factor;
    const vec4 dz = load_dz(i, xhat);
#ifdef KERNEL_sums
    sums += dz;
    products += dz * xhat;
#else
    // Rounded before the mean is taken off, as in the sum: 0 where a group has one element.
    precise const vec4 g = weight * dz;
    store_float(p.dx, i, (g - mean_g - xhat * mean_product) * factor);
#endif
  }
#ifdef KERNEL_sums
  const uint to = (gl_WorkGroupID.z * p.chunks + gl_WorkGroupID.y) * p.columns + column;
  store_float(p.sums, to, sums);
  store_float(p.products, to, products);
#endif
}
#endif
