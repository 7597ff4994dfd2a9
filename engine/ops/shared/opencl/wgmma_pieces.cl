// What wgmma.cl is made of: sizes that follow from its defines, and what it does at several places. Names that a macro
// uses beside its arguments are the kernel's.
#ifndef PAIR
#define PAIR 0
#endif
#ifndef TURNS
#define TURNS 0
#endif
#define THREADS (128 * (GROUPS + 1))
#if TURNS
#define BLOCKS (ROWS / 64)  // of 64 rows, for each warpgroup
#define READERS 1           // of a slot or a buffer
#define FIRST_BLOCK 0
#define LEFT_STORES 0  // of a warpgroup, that may be on their way as it writes the next
#else
#define BLOCKS (ROWS / GROUPS / 64)
#define READERS GROUPS
#define FIRST_BLOCK (group * BLOCKS)
#define LEFT_STORES (BUFFERS - 1)
#endif
#define A_BYTES (ROWS * 128)
#define W_BYTES (COLUMNS * 128)
#if KEPT
#define SLOT A_BYTES
#else
#define SLOT (A_BYTES + W_BYTES)
#endif
#define OUT_BYTES (ROWS * COLUMNS * 2)

#if RESIDUAL == 1
#define FINISH(v, r) ACTIVATE((v) + (r))
#elif RESIDUAL == 2
#define FINISH(v, r) (ACTIVATE(v) + (r))
#else
#define FINISH(v, r) ACTIVATE(v)
#endif

// What was stored becomes a group; the buffer of the tile before it, once read, is free (LEFT_STORES 0: its own).
#define GIVE_BACK                                                                                               \
  if ((me & 127) == 0) {                                                                                        \
    asm volatile("cp.async.bulk.commit_group;" ::: "memory");                                                   \
    asm volatile("cp.async.bulk.wait_group.read %0;" ::"n"(LEFT_STORES) : "memory");                            \
    if (LEFT_STORES == 0 || count > 0) barrier_arrive(free + 8 * ((count + BUFFERS - LEFT_STORES) % BUFFERS)); \
  }

// Where the slices of a tile lie in the pictures of `map`: the window's place for the tile's first pixel, and the slice
// `begin` of the depth as channels and place in the window.
#define IN_PICTURES(map, window, begin)                                              \
  const int map##_x = (pixel - row * out.x) * (window).s2 - (window).s4;             \
  const int map##_y = (row - image * out.y) * (window).s3 - (window).s5;             \
  int map##_chunk = (begin) % (window).s0;                                           \
  ushort map##_kw = (begin) / (window).s0 % (window).s1, map##_kh = (begin) / (window).s0 / (window).s1;
// Loads the slice there, and goes on to the next one.
#define LOAD_PIXELS(map, window)                                                                       \
  load_im2col(at, map, map##_chunk * 64, map##_x, map##_y, image, full + 8 * slot, map##_kw * (window).s6, \
              map##_kh * (window).s7);                                                                 \
  if (++map##_chunk == (window).s0) {                                                                  \
    map##_chunk = 0;                                                                                   \
    if (++map##_kw == (window).s1) {                                                                   \
      map##_kw = 0;                                                                                    \
      ++map##_kh;                                                                                      \
    }                                                                                                  \
  }
