// Fused bf16 kernels for training on one CPU thread: group norm (+ SiLU) on channels-last
// pictures, layer norm, GEGLU, softmax; forward and backward. Called by fast.py.
// Build: gcc -Ofast -march=native -mprefer-vector-width=512 -shared -fPIC fast_kernels.c -lm

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef uint16_t bf16;

static inline float load(bf16 v) {
  union {
    uint32_t bits;
    float value;
  } t;
  t.bits = (uint32_t)v << 16;
  return t.value;
}

static inline bf16 store(float x) {
  union {
    uint32_t bits;
    float value;
  } t;
  t.value = x;
  return (bf16)((t.bits + 0x7fffu + ((t.bits >> 16) & 1)) >> 16);
}

static inline float sigmoid(float z) { return 1 / (1 + expf(-z)); }

// x, y: images x positions x channels.
void gn_fwd(const bf16* x, const float* w, const float* bias, bf16* y, float* mean, float* rstd,
            long images, long positions, long channels, long groups, float eps, int silu) {
  const long g = channels / groups, size = positions * channels;
  float* buffer = malloc(4 * channels * sizeof(float));
  float *sum = buffer, *squares = sum + channels, *scale = squares + channels;
  float* shift = scale + channels;
  for (long n = 0; n < images; n++) {
    const bf16* X = x + n * size;
    bf16* Y = y + n * size;
    memset(sum, 0, 2 * channels * sizeof(float));
    for (long i = 0; i < positions; i++)
      for (long c = 0; c < channels; c++) {
        const float v = load(X[i * channels + c]);
        sum[c] += v;
        squares[c] += v * v;
      }
    for (long k = 0; k < groups; k++) {
      float s = 0, q = 0;
      for (long c = k * g; c < (k + 1) * g; c++) {
        s += sum[c];
        q += squares[c];
      }
      const float m = s / (g * positions);
      const float r = 1 / sqrtf(fmaxf(q / (g * positions) - m * m, 0) + eps);
      mean[n * groups + k] = m;
      rstd[n * groups + k] = r;
      for (long c = k * g; c < (k + 1) * g; c++) {
        scale[c] = w[c] * r;
        shift[c] = bias[c] - m * scale[c];
      }
    }
    for (long i = 0; i < positions; i++) {
      const bf16* in = X + i * channels;
      bf16* out = Y + i * channels;
      if (silu) {
        for (long c = 0; c < channels; c++) {
          const float z = scale[c] * load(in[c]) + shift[c];
          out[c] = store(z * sigmoid(z));
        }
      } else {
        for (long c = 0; c < channels; c++) out[c] = store(scale[c] * load(in[c]) + shift[c]);
      }
    }
  }
  free(buffer);
}

void gn_bwd(const bf16* dy, const bf16* x, const float* w, const float* bias, const float* mean,
            const float* rstd, bf16* dx, float* dw, float* db, long images, long positions,
            long channels, long groups, int silu) {
  const long g = channels / groups, size = positions * channels;
  float* buffer = malloc((7 * channels + size) * sizeof(float));
  float *sum_e = buffer, *sum_ex = sum_e + channels, *scale = sum_ex + channels;
  float *shift = scale + channels, *k0 = shift + channels, *k1 = k0 + channels;
  float *k2 = k1 + channels, *e = k2 + channels;
  memset(dw, 0, channels * sizeof(float));
  memset(db, 0, channels * sizeof(float));
  for (long n = 0; n < images; n++) {
    const bf16 *X = x + n * size, *D = dy + n * size;
    bf16* O = dx + n * size;
    memset(sum_e, 0, 2 * channels * sizeof(float));
    for (long c = 0; c < channels; c++) {
      scale[c] = w[c] * rstd[n * groups + c / g];
      shift[c] = bias[c] - mean[n * groups + c / g] * scale[c];
    }
    for (long i = 0; i < positions; i++) {  // gradient of the normalised value, and its sums
      const long at = i * channels;
      if (silu) {
        for (long c = 0; c < channels; c++) {
          const float v = load(X[at + c]), z = scale[c] * v + shift[c], s = sigmoid(z);
          const float t = load(D[at + c]) * s * (1 + z * (1 - s));
          e[at + c] = t;
          sum_e[c] += t;
          sum_ex[c] += t * v;
        }
      } else {
        for (long c = 0; c < channels; c++) {
          const float t = load(D[at + c]);
          e[at + c] = t;
          sum_e[c] += t;
          sum_ex[c] += t * load(X[at + c]);
        }
      }
    }
    for (long k = 0; k < groups; k++) {
      const float m = mean[n * groups + k], r = rstd[n * groups + k];
      float m1 = 0, m2 = 0;
      for (long c = k * g; c < (k + 1) * g; c++) {
        const float h = (sum_ex[c] - m * sum_e[c]) * r;
        dw[c] += h;
        db[c] += sum_e[c];
        m1 += w[c] * sum_e[c];
        m2 += w[c] * h;
      }
      m1 /= g * positions;
      m2 /= g * positions;
      for (long c = k * g; c < (k + 1) * g; c++) {
        k0[c] = r * w[c];
        k1[c] = -r * r * m2;
        k2[c] = r * (m * r * m2 - m1);
      }
    }
    for (long i = 0; i < positions; i++)
      for (long c = 0; c < channels; c++) {
        const long at = i * channels + c;
        O[at] = store(k0[c] * e[at] + k1[c] * load(X[at]) + k2[c]);
      }
  }
  free(buffer);
}

void ln_fwd(const bf16* x, const float* w, const float* bias, bf16* y, float* mean, float* rstd,
            long rows, long width, float eps) {
  for (long i = 0; i < rows; i++) {
    const bf16* X = x + i * width;
    bf16* Y = y + i * width;
    float s = 0, q = 0;
    for (long c = 0; c < width; c++) {
      const float v = load(X[c]);
      s += v;
      q += v * v;
    }
    const float m = s / width, r = 1 / sqrtf(fmaxf(q / width - m * m, 0) + eps);
    mean[i] = m;
    rstd[i] = r;
    for (long c = 0; c < width; c++) Y[c] = store((load(X[c]) - m) * r * w[c] + bias[c]);
  }
}

void ln_bwd(const bf16* dy, const bf16* x, const float* w, const float* mean, const float* rstd,
            bf16* dx, float* dw, float* db, long rows, long width) {
  memset(dw, 0, width * sizeof(float));
  memset(db, 0, width * sizeof(float));
  for (long i = 0; i < rows; i++) {
    const bf16 *X = x + i * width, *D = dy + i * width;
    bf16* O = dx + i * width;
    const float m = mean[i], r = rstd[i];
    float m1 = 0, m2 = 0;
    for (long c = 0; c < width; c++) {
      const float h = (load(X[c]) - m) * r, e = load(D[c]);
      dw[c] += e * h;
      db[c] += e;
      m1 += e * w[c];
      m2 += e * w[c] * h;
    }
    m1 /= width;
    m2 /= width;
    for (long c = 0; c < width; c++)
      O[c] = store(r * (load(D[c]) * w[c] - m1 - (load(X[c]) - m) * r * m2));
  }
}

// x: rows of (value, gate), y: value * gelu(gate).
void geglu_fwd(const bf16* x, bf16* y, long rows, long width) {
  for (long i = 0; i < rows; i++) {
    const bf16 *value = x + 2 * i * width, *gate = value + width;
    bf16* out = y + i * width;
    for (long c = 0; c < width; c++) {
      const float z = load(gate[c]);
      out[c] = store(load(value[c]) * 0.5f * z * (1 + erff(z * 0.70710678f)));
    }
  }
}

void geglu_bwd(const bf16* dy, const bf16* x, bf16* dx, long rows, long width) {
  for (long i = 0; i < rows; i++) {
    const bf16 *value = x + 2 * i * width, *gate = value + width, *D = dy + i * width;
    bf16 *dvalue = dx + 2 * i * width, *dgate = dvalue + width;
    for (long c = 0; c < width; c++) {
      const float z = load(gate[c]), e = load(D[c]), p = 0.5f * (1 + erff(z * 0.70710678f));
      dvalue[c] = store(e * z * p);
      dgate[c] = store(e * load(value[c]) * (p + z * 0.39894228f * expf(-0.5f * z * z)));
    }
  }
}

void softmax_fwd(const bf16* x, bf16* y, long rows, long width, float scale) {
  float* t = malloc(width * sizeof(float));
  for (long i = 0; i < rows; i++) {
    const bf16* X = x + i * width;
    bf16* Y = y + i * width;
    float high = -1e30f, sum = 0;
    for (long k = 0; k < width; k++) {
      t[k] = load(X[k]) * scale;
      high = fmaxf(high, t[k]);
    }
    for (long k = 0; k < width; k++) {
      t[k] = expf(t[k] - high);
      sum += t[k];
    }
    sum = 1 / sum;
    for (long k = 0; k < width; k++) Y[k] = store(t[k] * sum);
  }
  free(t);
}

void softmax_bwd(const bf16* dy, const bf16* y, bf16* dx, long rows, long width, float scale) {
  for (long i = 0; i < rows; i++) {
    const bf16 *D = dy + i * width, *Y = y + i * width;
    bf16* O = dx + i * width;
    float s = 0;
    for (long k = 0; k < width; k++) s += load(D[k]) * load(Y[k]);
    for (long k = 0; k < width; k++) O[k] = store(scale * load(Y[k]) * (load(D[k]) - s));
  }
}
