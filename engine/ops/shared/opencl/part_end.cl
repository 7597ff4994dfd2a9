// How parts of plan kernels end, float16 tensors: RESIDUAL (0 none, 1 before, 2 after the activation), ACTIVATION, and the
// run's mark where the step's output carries one.
#if RESIDUAL == 1
#define FINISH(v, r) ACTIVATE((v) + (r))
#elif RESIDUAL == 2
#define FINISH(v, r) (ACTIVATE(v) + (r))
#else
#define FINISH(v, r) ACTIVATE(v)
#endif

// Rounded to what a half keeps that has a bit of a mark: rounding twice, or cutting the bit off, loses more.
INLINE float marked(float v) { return v == v ? as_float((as_uint(v) + 0x2000u) & ~0x3fffu) : v; }

// The eight channels of a position, finished and stored.
INLINE void finish_word(const vireo_run *run, float *v, uint4 r, global uint4 *to) {
  uint4 z;
  const float first = FINISH(v[0], low_of(r.x)), second = FINISH(v[1], high_of(r.x));
  z.x = run->marks ? (pack(marked(first), marked(second)) & ~VIREO_MARK) | run->own_mark : pack(first, second);
  z.y = pack(FINISH(v[2], low_of(r.y)), FINISH(v[3], high_of(r.y)));
  z.z = pack(FINISH(v[4], low_of(r.z)), FINISH(v[5], high_of(r.z)));
  z.w = pack(FINISH(v[6], low_of(r.w)), FINISH(v[7], high_of(r.w)));
  vireo_store(to, z);
}
