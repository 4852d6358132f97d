// What is added to attention's scores: a mask of floats [B,heads,Tq,Tk] in which the first three
// axes may be 1 and then serve all. The includer declares the push block with the mask and its
// pitches, which are 0 along such axes.
#ifndef LACUNA_ATTENTION_MASK_GLSL
#define LACUNA_ATTENTION_MASK_GLSL

CONSTANT(bool, MASKED, false);

uint mask_begin(uint batch, uint head) { return batch * p.mask_batch + head * p.mask_head; }

// In the units of the kernels' scores, which are multiplied by log2(e). Infinities would make NaN
// in differences; this stays above the score of a key that is not seen at all.
float mask_value(float mask) { return max(mask * 1.44269504089, -1e29); }

// Queries and keys beyond the end read the last.
float mask_of(uint begin, uint query, uint queries, uint key, uint keys) {
  return mask_value(p.mask.at[begin + min(query, queries - 1) * p.mask_query + min(key, keys - 1)]);
}

#endif
