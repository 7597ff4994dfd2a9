// Before the kernels of products: their parameters, and what becomes of a sum. T: element type, ACTIVATION. A and B are
// read by strides; column j of B is at (j / 32) * b_panel + (j % 32) * b_column, so that packed weights (panels of 32
// columns, zeros beyond the last) are read like others.
#define VIREO_PRODUCT                                                                                                 \
  VIREO_TENSOR(a), VIREO_TENSOR(b), VIREO_TENSOR(addend), VIREO_TENSOR(residual), VIREO_TENSOR(c), const int m,        \
      const int n, const int k, const int a_row, const int a_step, const int b_step, const int b_panel,               \
      const int b_column, const int c_row, const int c_column, const int8 extra, const float alpha, const float beta, \
      const int8 batch, const int8 a_batch, const int8 b_batch, const int8 c_batch, const int8 r_batch

// extra: rows and columns of addend and residual; whether there are any: the residual is 1 added before or 2 after
// the activation.
#define VIREO_PRODUCT_AT(entry)                  \
  VIREO_AT(T, a);                                \
  VIREO_AT(T, b);                                \
  VIREO_AT(T, addend);                           \
  VIREO_AT(T, residual);                         \
  VIREO_AT(T, c);                                \
  if (batched) {                                 \
    a += vireo_place(entry, batch, a_batch);     \
    b += vireo_place(entry, batch, b_batch);     \
    c += vireo_place(entry, batch, c_batch);     \
    residual += vireo_place(entry, batch, r_batch); \
  }

#define COLUMN(j) (((j) >> 5) * b_panel + ((j) & 31) * b_column)

#define FINISH(sum, i, j)                                                                                     \
  do {                                                                                                        \
    float value = (sum)*alpha;                                                                                \
    if (extra.s4) value += beta * GET(T, addend, (i)*extra.s0 + (j)*extra.s1);                                \
    const float more = extra.s5 ? GET(T, residual, (i)*extra.s2 + (j)*extra.s3) : 0.0f;                       \
    value = extra.s5 == 1 ? ACTIVATE(value + more) : ACTIVATE(value) + more;                                  \
    PUT(T, c, (i)*c_row + (j)*c_column, value);                                                               \
  } while (0)
