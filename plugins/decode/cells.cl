// The cells of an output that pass their image's filter (device_cells.h), put together: an item a cell and image. T: type
// of the output; MOST: cells of an image that there is room for.
//
// A record is the cell's number, the class of its greatest score and that score, then its values, as floats. Their order
// is that in which they were found.
typedef struct {
  int found;  // counted here; beyond MOST nothing is kept
  int kept;   // boxes that remain of them; -1: they were not suppressed (suppress.cl)
  int cells, values, cell_stride, value_stride;  // elements
  int first_class, classes, objectness;
  float score;
  int begin;   // of the image in the output, in elements
  int length;  // of a record
  int images;  // of the run
  // What makes boxes of the cells: 0: nothing, 1: centre and size, 2: raw values in grids.
  int boxes;
  int agnostic, most;
  float iou, half_step;  // half of the way to the next greater number
  float scale_x, scale_y;
  int grid_count;
  int first_cell[5], columns[5];
  float stride[5];
  uint wanted[32];  // a bit a class
  int unused[12];
} Filter;
#define HEAD 3

#define GET_float(p, i) ((p)[i])
#define GET_half(p, i) vload_half(i, p)
#define PASTE2(a, b) a##b
#define PASTE(a, b) PASTE2(a, b)
#define GET PASTE(GET_, T)

kernel void gather_cells(global char *output, const ulong output_offset, global char *filters, const ulong filters_offset,
                         global char *records, const ulong records_offset) {
  const int cell = get_global_id(0), image = get_global_id(1);
  global Filter *f = (global Filter *)(filters + filters_offset) + image;
  if (cell >= f->cells || image >= f->images) return;
  global const T *x = (global const T *)(output + output_offset) + f->begin + cell * f->cell_stride;
  const int stride = f->value_stride;
  const float threshold = f->score;
  float objectness = 1.0f;
  if (f->objectness >= 0) {
    objectness = GET(x, f->objectness * stride);
    if (!(objectness >= threshold)) return;
  }
  // The first of equals, as decoders have it.
  const int classes = f->classes, begin = f->first_class * stride;
  float greatest = GET(x, begin);
  int best = 0;
  for (int c = 1; c < classes; ++c) {
    const float value = GET(x, begin + c * stride);
    best = value > greatest ? c : best;
    greatest = value > greatest ? value : greatest;
  }
  const float score = objectness * greatest;
  if (!(score >= threshold)) return;
  const int place = atomic_inc((volatile global int *)&f->found);
  if (place >= MOST) return;
  const int values = f->values;
  global int *record = (global int *)(records + records_offset) + (image * MOST + place) * f->length;
  record[0] = cell;
  record[1] = best;
  record[2] = as_int(score);
  for (int v = 0; v < values; ++v) record[HEAD + v] = as_int((float)GET(x, v * stride));
}
