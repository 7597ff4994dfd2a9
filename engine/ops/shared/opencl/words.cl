// Words of 16 bytes, eight float16 numbers, for parts of plan kernels that run on any device; what NVIDIA's compiler
// makes of vload_half and the like is longer.
#define INLINE static inline __attribute__((always_inline))
#ifdef VIREO_NVIDIA
INLINE uint pack(float low, float high) {
  uint v;
  asm("cvt.rn.f16x2.f32 %0,%1,%2;" : "=r"(v) : "f"(high), "f"(low));
  return v;
}
INLINE float low_of(uint pair) {
  float v;
  asm("{.reg .b16 l,h;mov.b32 {l,h},%1;cvt.f32.f16 %0,l;}" : "=f"(v) : "r"(pair));
  return v;
}
INLINE float high_of(uint pair) {
  float v;
  asm("{.reg .b16 l,h;mov.b32 {l,h},%1;cvt.f32.f16 %0,h;}" : "=f"(v) : "r"(pair));
  return v;
}
#else
INLINE uint pack(float low, float high) {
  uint v;
  vstore_half2_rte((float2)(low, high), 0, (half *)&v);
  return v;
}
INLINE float low_of(uint pair) { return vload_half(0, (const half *)&pair); }
INLINE float high_of(uint pair) { return vload_half(1, (const half *)&pair); }
#endif

INLINE void numbers_of(uint4 word, float *to) {
  to[0] = low_of(word.x);
  to[1] = high_of(word.x);
  to[2] = low_of(word.y);
  to[3] = high_of(word.y);
  to[4] = low_of(word.z);
  to[5] = high_of(word.z);
  to[6] = low_of(word.w);
  to[7] = high_of(word.w);
}

// `count` words, those of `from` at the places at[i] (below 0: none), were loaded: those that have no mark yet are asked
// for again until they do, and marks are taken off. Nothing where input `number` (1 or 2) carries none.
INLINE void await_words(vireo_run *run, uint number, const int count, global const uint4 *from, const int *at,
                        uint4 *words) {
  if (!(run->polls & number)) return;
  const uint mark = number == 1 ? run->first_mark : run->second_mark;
  uint spins = 0;
  for (;;) {
    uint missing = 0;
#pragma unroll
    for (int i = 0; i < count; ++i)
      if (at[i] >= 0 && ((words[i].x ^ mark) & VIREO_MARK)) {
        words[i] = vireo_load(from + at[i]);
        missing = 1;
      }
    if (!missing || vireo_tired(run, &spins)) break;
  }
#pragma unroll
  for (int i = 0; i < count; ++i) words[i].x &= ~VIREO_MARK;
}

// Local memory of all of a group: two blocks of 8 KB, by their places.
#ifdef VIREO_NVIDIA
#define LOCAL_PARTS run->parts
#define LOCAL_SUMS run->sums
#define LOCAL_STORE(at, v) vireo_local_store(at, v)
#define LOCAL_LOAD(at) vireo_local_load(at)
#define MEET_ALL() vireo_meet(1, 256)
#else
#define LOCAL_PARTS 0u
#define LOCAL_SUMS 8192u
#define LOCAL_STORE(at, v) *(local uint4 *)(run->pool + (at)) = v
#define LOCAL_LOAD(at) (*(local const uint4 *)(run->pool + (at)))
#define MEET_ALL() barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE)
#endif
