#version 460
// kernel backward f32 f16
//
// The gradient of attention's mask: dS of attention_backward.comp without the scale,
//
//   dmask_ij = P_ij (dy_i . v_j - delta_i)
//
// summed over the batch, the heads and the queries that share an element of the mask. An invocation
// computes each of its terms anew and sums a part of them.
#extension GL_GOOGLE_include_directive : require
#include "shaders/elementwise.glsl"
#include "shaders/attention_mask.h"

CONSTANT(bool, CAUSAL, false);

const float LOG2_E = 1.44269504089;

float term(uint batch, uint head, uint query, uint key, float mask) {
  const uint q = ((batch * p.queries + query) * p.heads + head) * p.vectors;
  const uint k = ((batch * p.keys + key) * p.heads + head) * p.vectors;
  vec4 score = vec4(0), product = vec4(0);
  for (uint c = 0; c < p.vectors; c++) {
    score += load(p.q, q + c) * load(p.k, k + c);
    product += load_float(p.dy, q + c) * load(p.v, k + c);
  }
  const uint at = (batch * p.heads + head) * p.queries + query;
  const float probability =
      exp2(sum(score) * p.scale + max(mask * LOG2_E, -1e29) - p.log_sum.at[at] * LOG2_E);
  return probability * (sum(product) - p.delta.at[at]);
}

void main() {
  const uint elements = p.mask_batch * p.mask_heads * p.mask_queries * p.keys;
  // How many of the batch, heads and queries share an element.
  const uvec3 shared_by = uvec3(p.mask_batch == 1 ? p.batch : 1, p.mask_heads == 1 ? p.heads : 1,
                                p.mask_queries == 1 ? p.queries : 1);
  const uint terms = shared_by.x * shared_by.y * shared_by.z;
  EACH(i, p.parts * elements) {
    const uint part = i / elements, element = i - part * elements;
    const uint row = element / p.keys, key = element - row * p.keys;
    const uint batch_head = row / p.mask_queries, query = row - batch_head * p.mask_queries;
    const uint batch = batch_head / p.mask_heads, head = batch_head - batch * p.mask_heads;
    float total = 0;
    for (uint t = part * p.part; t < min((part + 1) * p.part, terms); t++) {
      const uint of_batch = t / (shared_by.y * shared_by.z);
      const uint of_head = t / shared_by.z - of_batch * shared_by.y;
      const uint of_query = t % shared_by.z;
      if (CAUSAL && key > query + of_query) continue;
      total += term(batch + of_batch, head + of_head, query + of_query, key, p.mask.at[element]);
    }
    p.result.at[i] = total;
  }
}
