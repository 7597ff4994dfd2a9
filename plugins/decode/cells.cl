// The cells of an output that pass their image's filter (device_cells.h), put together: an item a cell and image. T: type
// of the output; NEAR: records that come back at once, MOST: that there is room for at all.
//
// A record is the cell's number and its values, as floats. Their order is that in which they were found.
typedef struct {
  int found;  // counted here; beyond MOST nothing is kept
  int cells, values, cell_stride, value_stride;  // elements
  int first_class, classes, objectness;
  float score;
  int begin;   // of the image in the output, in elements
  int length;  // of a record
  int unused[5];
} Filter;

#define GET_float(p, i) ((p)[i])
#define GET_half(p, i) vload_half(i, p)
#define PASTE2(a, b) a##b
#define PASTE(a, b) PASTE2(a, b)
#define GET PASTE(GET_, T)

kernel void gather_cells(global char *output, const ulong output_offset, global char *filters, const ulong filters_offset,
                         global char *first_records, const ulong first_records_offset, global char *more_records,
                         const ulong more_records_offset) {
  const int cell = get_global_id(0), image = get_global_id(1);
  global Filter *f = (global Filter *)(filters + filters_offset) + image;
  if (cell >= f->cells) return;
  global const T *x = (global const T *)(output + output_offset) + f->begin + cell * f->cell_stride;
  const int stride = f->value_stride;
  const float score = f->score;
  float objectness = 1.0f;
  if (f->objectness >= 0) {
    objectness = GET(x, f->objectness * stride);
    if (!(objectness >= score)) return;
  }
  int passes = 0;
  const int classes = f->classes, begin = f->first_class * stride;
  for (int c = 0; c < classes; ++c) passes |= objectness * GET(x, begin + c * stride) >= score;
  if (!passes) return;
  const int place = atomic_inc((volatile global int *)&f->found);
  if (place >= MOST) return;
  const int values = f->values, length = f->length;
  global int *record = place < NEAR
                           ? (global int *)(first_records + first_records_offset) + (image * NEAR + place) * length
                           : (global int *)(more_records + more_records_offset) + (image * (MOST - NEAR) + place - NEAR) * length;
  record[0] = cell;
  for (int v = 0; v < values; ++v) record[1 + v] = as_int((float)GET(x, v * stride));
}
