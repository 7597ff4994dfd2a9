// A frame's block (frame_block.h) into one image of a network's input: an item a pixel of the input. T: its type.
//
// Each plane is resized by itself with 11-bit weights and rounded to 8 bits, as OpenCV's INTER_LINEAR does it, then
// converted in float: what the CPU gives, but for the last bits of a float. Each item reads 4 samples of each plane, which
// neighbours share in cache, and writes to neighbouring places; the frame's way up takes longer.
typedef struct {
  int kind, step, red, blue;
  int x, y, width, height;
  int plane_width[2], plane_height[2];
  int input_width, input_height;
  int channels, planar, bgr;
  int plane[3], pitch[3];
  int columns[2], rows[2];
  float y_offset, y_scale, v_to_r, u_to_g, v_to_g, u_to_b;
  float mean[3], scale[3], pad;
} Header;

#define PUT_float(p, i, v) ((p)[i] = (v))
#define PUT_half(p, i, v) vstore_half_rte(v, i, p)
#define PUT_uchar(p, i, v) ((p)[i] = (uchar)(int)(clamp(v, 0.0f, 255.0f) + 0.5f))
#define PASTE2(a, b) a##b
#define PASTE(a, b) PASTE2(a, b)
#define PUT PASTE(PUT_, T)

// Where four samples are, and their weights.
typedef struct {
  int above, below, left, right;  // bytes: rows, columns
  int a0, a1, b0, b1;
} Spot;

inline Spot spot(global const Header *h, const int k, const int x, const int y, const int step) {
  global const int *tables = (global const int *)h;
  const int column = tables[h->columns[k] + x], row = tables[h->rows[k] + y];
  const int first = row >> 12, last = h->plane_height[k] - 1;
  Spot s;
  s.a1 = column & 4095;
  s.a0 = 2048 - s.a1;
  s.b1 = row & 4095;
  s.b0 = 2048 - s.b1;
  s.left = (column >> 12) * step;
  s.right = min((column >> 12) + 1, h->plane_width[k] - 1) * step;
  s.above = clamp(first, 0, last) * h->pitch[k];
  s.below = clamp(first + 1, 0, last) * h->pitch[k];
  return s;
}

inline float sample(global const uchar *p, const Spot s) {
  const int upper = p[s.above + s.left] * s.a0 + p[s.above + s.right] * s.a1;
  const int lower = p[s.below + s.left] * s.a0 + p[s.below + s.right] * s.a1;
  return (float)((((s.b0 * (upper >> 4)) >> 16) + ((s.b1 * (lower >> 4)) >> 16) + 2) >> 2);
}

kernel void frame_to_input(global char *frame, const ulong frame_offset, global char *input, const ulong input_offset) {
  global const Header *h = (global const Header *)(frame + frame_offset);
  global const uchar *bytes = (global const uchar *)h;
  global T *to = (global T *)(input + input_offset);
  const int x = get_global_id(0), y = get_global_id(1), width = h->input_width, height = h->input_height, channels = h->channels;
  if (x >= width || y >= height) return;
  const int px = x - h->x, py = y - h->y;
  float r = h->pad, g = r, b = r;
  if (px >= 0 && px < h->width && py >= 0 && py < h->height) {
    const int kind = h->kind;
    const Spot s = spot(h, 0, px, py, h->step);
    global const uchar *plane = bytes + h->plane[0];
    if (kind == 2) {
      r = sample(plane + h->red, s);
      g = sample(plane + 1, s);
      b = sample(plane + h->blue, s);
      if (channels == 1) r = 0.299f * r + 0.587f * g + 0.114f * b;
    } else if (kind == 3) {
      r = g = b = sample(plane, s);
    } else {
      const float luma = (sample(plane, s) - h->y_offset) * h->y_scale;
      if (channels == 1) {
        r = clamp(luma, 0.0f, 255.0f);
      } else {
        const Spot c = spot(h, 1, px, py, kind == 0 ? 2 : 1);
        const float cb = sample(bytes + h->plane[1], c) - 128.0f;
        const float cr = sample(kind == 0 ? bytes + h->plane[1] + 1 : bytes + h->plane[2], c) - 128.0f;
        r = clamp(luma + h->v_to_r * cr, 0.0f, 255.0f);
        g = clamp(luma + h->u_to_g * cb + h->v_to_g * cr, 0.0f, 255.0f);
        b = clamp(luma + h->u_to_b * cb, 0.0f, 255.0f);
      }
    }
  }
  const float first = h->bgr ? b : r, third = h->bgr ? r : b;
  const int pixel = y * width + x, plane = width * height;
  const int at = h->planar || channels == 1 ? pixel : 3 * pixel, next = h->planar ? plane : 1;
  PUT(to, at, (first - h->mean[0]) * h->scale[0]);
  if (channels == 1) return;
  PUT(to, at + next, (g - h->mean[1]) * h->scale[1]);
  PUT(to, at + 2 * next, (third - h->mean[2]) * h->scale[2]);
}
