// The loops of RowKernels, included once by each rows*.cpp inside its own namespace. Plain loops over restrict
// pointers that the compiler vectorises; no library calls, so nothing compiled here leaks into other objects.

void load_samples(const std::uint8_t* __restrict src, int step, int count, float* __restrict dst) {
  if (step == 1) {
    for (int i = 0; i < count; ++i) dst[i] = float(src[i]);
  } else {
    for (int i = 0; i < count; ++i) dst[i] = float(src[std::ptrdiff_t(i) * step]);
  }
}

template <int kStep>
void load_interleaved(const std::uint8_t* __restrict src, int count, float* __restrict c0, float* __restrict c1,
                      float* __restrict c2) {
  for (int i = 0; i < count; ++i) {
    c0[i] = float(src[kStep * i]);
    c1[i] = float(src[kStep * i + 1]);
    c2[i] = float(src[kStep * i + 2]);
  }
}

void load_pixels(const std::uint8_t* src, int step, int count, float* c0, float* c1, float* c2) {
  if (step == 3) {
    load_interleaved<3>(src, count, c0, c1, c2);
  } else {
    load_interleaved<4>(src, count, c0, c1, c2);
  }
}

inline float clamp_sample(float value) {
  value = value < 0.0f ? 0.0f : value;
  return value > 255.0f ? 255.0f : value;
}

inline void rgb_of(int y, int u, int v, const YuvCoefficients& k, float& r, float& g, float& b) {
  const float luma = (float(y) - k.y_offset) * k.y_scale, cb = float(u) - 128.0f, cr = float(v) - 128.0f;
  r = clamp_sample(luma + k.v_to_r * cr);
  g = clamp_sample(luma + k.u_to_g * cb + k.v_to_g * cr);
  b = clamp_sample(luma + k.u_to_b * cb);
}

void load_yuv(const std::uint8_t* __restrict y, const std::uint8_t* __restrict u, const std::uint8_t* __restrict v,
              int count, const YuvCoefficients& coefficients, float* __restrict r, float* __restrict g,
              float* __restrict b) {
  const YuvCoefficients k = coefficients;
  for (int i = 0; i < count; ++i) rgb_of(y[i], u[i], v[i], k, r[i], g[i], b[i]);
}

void yuv_to_planes(const std::uint8_t* __restrict y, const std::uint8_t* __restrict u, const std::uint8_t* __restrict v,
                   int count, const YuvCoefficients& coefficients, const float* mean, const float* scale,
                   float* __restrict r, float* __restrict g, float* __restrict b) {
  const YuvCoefficients k = coefficients;
  const float m0 = mean[0], m1 = mean[1], m2 = mean[2], k0 = scale[0], k1 = scale[1], k2 = scale[2];
  for (int i = 0; i < count; ++i) {
    float red, green, blue;
    rgb_of(y[i], u[i], v[i], k, red, green, blue);
    r[i] = (red - m0) * k0;
    g[i] = (green - m1) * k1;
    b[i] = (blue - m2) * k2;
  }
}

void store_plane(const float* __restrict src, int count, float mean, float scale, float* __restrict dst) {
  for (int i = 0; i < count; ++i) dst[i] = (src[i] - mean) * scale;
}

void store_pixels(const float* const* src, int count, const float* mean, const float* scale, float* __restrict dst) {
  const float* __restrict s0 = src[0], * __restrict s1 = src[1], * __restrict s2 = src[2];
  const float m0 = mean[0], m1 = mean[1], m2 = mean[2], k0 = scale[0], k1 = scale[1], k2 = scale[2];
  for (int i = 0; i < count; ++i) {
    dst[3 * i] = (s0[i] - m0) * k0;
    dst[3 * i + 1] = (s1[i] - m1) * k1;
    dst[3 * i + 2] = (s2[i] - m2) * k2;
  }
}

void store_bytes(const float* __restrict src, int count, float mean, float scale, std::uint8_t* __restrict dst,
                 int step) {
  for (int i = 0; i < count; ++i) {
    dst[std::ptrdiff_t(i) * step] = std::uint8_t(int(clamp_sample((src[i] - mean) * scale) + 0.5f));
  }
}
