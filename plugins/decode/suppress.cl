// Behind cells.cl: of the records of an image, those whose boxes remain after greedy suppression, by a group of ITEMS an
// image. NEAR: records of an image that come back at once; there, the records of one place lie side by side for all
// images.
//
// Boxes and decisions are the decoders' own, to the last bit (boxes.cpp): MUL keeps a product from being drawn into a
// sum, whatever the compiler is allowed; exponential() is written out on both sides; and whether the quotient of two areas
// is greater than the threshold is found without dividing, since division is not exact on every device. That needs numbers
// far from the ends of their range, which boxes in pixels are; where one is not, the image's boxes are not suppressed here.
#define MUL(a, b) fma(a, b, 0.0f)
#define FARTHEST 1048576.0f
#define SHORTEST 9.5367431640625e-7f

// As decode::exponential().
float exponential(float x) {
  if (x > 88.7228f) return INFINITY;
  if (!(x > -87.0f)) return x <= -87.0f ? 0.0f : x;
  const float n = rint(MUL(x, 1.44269504f));
  float r = fma(n, -0.693359375f, x);
  r = fma(n, 2.12194440e-4f, r);
  float p = 1.9875691500e-4f;
  p = fma(p, r, 1.3981999507e-3f);
  p = fma(p, r, 8.3334519073e-3f);
  p = fma(p, r, 4.1665795894e-2f);
  p = fma(p, r, 1.6666665459e-1f);
  p = fma(p, r, 5.0000001201e-1f);
  return ldexp(fma(p, MUL(r, r), r) + 1.0f, (int)n);
}

// Left, top, right, bottom.
float4 box_of(global const Filter *f, global const int *record) {
  global const float *x = (global const float *)record + HEAD;
  float cx = x[0], cy = x[1], w = x[2], h = x[3];
  float scale_x = f->scale_x, scale_y = f->scale_y;
  if (f->boxes == 2) {
    int level = 0;
    for (int l = 1; l < f->grid_count; ++l) level = record[0] >= f->first_cell[l] ? l : level;
    const int cell = record[0] - f->first_cell[level], columns = f->columns[level];
    const float stride = f->stride[level];
    cx = MUL(cx + (float)(cell % columns), stride), cy = MUL(cy + (float)(cell / columns), stride);
    w = MUL(exponential(w), stride), h = MUL(exponential(h), stride);
    scale_x = scale_y = 1.0f;
  }
  return (float4)(MUL(cx - w * 0.5f, scale_x), MUL(cy - h * 0.5f, scale_y), MUL(cx + w * 0.5f, scale_x),
                  MUL(cy + h * 0.5f, scale_y));
}

int is_sound(float4 b) {
  return isfinite(b.x) && isfinite(b.y) && isfinite(b.z) && isfinite(b.w) && b.z > b.x && b.w > b.y;
}

// Of sound boxes: whether what is said above holds.
int in_range(float4 b) {
  return b.x >= -FARTHEST && b.y >= -FARTHEST && b.z <= FARTHEST && b.w <= FARTHEST && b.z - b.x >= SHORTEST &&
         b.w - b.y >= SHORTEST;
}

// Whether `shared / all`, rounded to nearest, is greater than `iou`: whether shared > (iou + half_step) * all, for no quotient
// lies just in the middle between two numbers.
int exceeds(float shared, float all, float iou, float half_step) {
  const float product = MUL(iou, all), rest = fma(iou, all, -product);
  if (shared > 1.5f * product) return 1;
  if (shared < 0.75f * product) return 0;
  const float over = shared - product;  // exact: they are near each other
  const float step = MUL(half_step, all);
  // step + rest, as two numbers.
  const float sum = step + rest, part = sum - step;
  const float lost = (step - (sum - part)) + (rest - part);
  return over > sum || (over == sum && lost < 0.0f);
}

int overlaps(float4 a, float4 b, float iou, float half_step) {
  const float width = fmin(a.z, b.z) - fmax(a.x, b.x), height = fmin(a.w, b.w) - fmax(a.y, b.y);
  if (width <= 0.0f || height <= 0.0f) return 0;
  const float shared = MUL(width, height);
  const float all = MUL(a.z - a.x, a.w - a.y) + MUL(b.z - b.x, b.w - b.y) - shared;
  return all > 0.0f && exceeds(shared, all, iou, half_step);
}

kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void suppress_cells(
    global char *filters, const ulong filters_offset, global char *records, const ulong records_offset, global char *sorted,
    const ulong sorted_offset, global char *near_records, const ulong near_offset) {
  const int item = get_local_id(0), image = get_group_id(1);
  global Filter *f = (global Filter *)(filters + filters_offset) + image;
  const int found = f->found, length = f->length;
  global const int *from = (global const int *)(records + records_offset) + image * MOST * length;
  global float4 *boxes = (global float4 *)(sorted + sorted_offset) + image * MOST;
  global int2 *ids = (global int2 *)(sorted + sorted_offset + get_num_groups(1) * MOST * sizeof(float4)) + image * MOST;
  global int *to = (global int *)(near_records + near_offset) + image * length;
  local float scores[MOST];
  local int cells[MOST];
  local uint alive_words[MOST / 4];  // a byte a box, each written by one item between two barriers
  local int places[NEAR];
  local int count, unsure, best, kept;
  local uchar *alive = (local uchar *)alive_words;
  // No group returns early: barriers behind a return were seen miscompiled (PoCL 3.1).
  const int images = f->images, there = image < images;
  const int taken = there && f->boxes != 0 && found <= MOST;
  if (item == 0) count = unsure = 0;
  barrier(CLK_LOCAL_MEM_FENCE);

  // Boxes that count, and their rank: how many are better.
  const int n = taken ? found : 0;
  for (int k = item; k < n; k += ITEMS) {
    global const int *record = from + k * length;
    const int id = record[1];
    const float4 box = box_of(f, record);
    const float score = as_float(record[2]);
    const int counts = (f->wanted[id >> 5] >> (id & 31) & 1) && is_sound(box) && isfinite(score);
    if (counts && !in_range(box)) atomic_or(&unsure, 1);
    if (counts) atomic_inc(&count);
    scores[k] = counts ? score : -1.0f;
    cells[k] = record[0];
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int k = item; k < n; k += ITEMS) {
    const float score = scores[k];
    const int cell = cells[k];
    int rank = 0;
    for (int j = 0; j < n; ++j) rank += scores[j] > score || (scores[j] == score && cells[j] < cell);
    if (score < 0.0f) continue;
    boxes[rank] = box_of(f, from + k * length);
    ids[rank] = (int2)(from[k * length + 1], k);
  }
  const int all = count;
  for (int k = item; k < n; k += ITEMS) alive[k] = 1;
  barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);

  // The best one left is kept, and those that overlap it go.
  const int refused = !taken || unsure, most = f->most, agnostic = f->agnostic;
  const float iou = f->iou, half_step = f->half_step;
  if (item == 0) {
    kept = 0;
    best = refused || most <= 0 ? all : 0;
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  while (best < all) {
    const float4 box = boxes[best];
    const int2 id = ids[best];
    for (int j = best + 1 + item; j < all; j += ITEMS) {
      if (!alive[j] || !(agnostic || ids[j].x == id.x)) continue;
      if (overlaps(box, boxes[j], iou, half_step)) alive[j] = 0;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    if (item == 0) {
      if (kept < NEAR) places[kept] = id.y;
      ++kept;
      int next = best + 1;
      while (next < all && !alive[next])
        next += (next & 3) == 0 && next + 4 <= all && alive_words[next >> 2] == 0u ? 4 : 1;
      best = kept < most && kept <= NEAR ? next : all;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
  }

  // More than fit, or none suppressed: the first ones as they are, and the host takes all.
  const int whole = refused || kept > NEAR;
  const int rows = !there ? 0 : whole ? min(found, NEAR) : kept;
  if (item == 0) f->kept = whole ? -1 : kept;
  for (int k = item; k < rows * length; k += ITEMS) {
    const int row = k / length, at = k % length;
    to[row * images * length + at] = from[(whole ? row : places[row]) * length + at];
  }
}
