// values[1] where the index names the place along the new axis, values[0] elsewhere. T: an unsigned integer of the values'
// size; rows of the indices and of the output may lie apart.
kernel void one_hot_elements(VIREO_TENSOR(index), VIREO_TENSOR(values), VIREO_TENSOR(y), const int count,
                             const int depth, const int inner, const int is_long, const int index_row,
                             const int index_pitch, const int y_row, const int y_pitch) {
  VIREO_AT(char, index);
  VIREO_AT(T, values);
  VIREO_AT(T, y);
  const int item = get_global_id(0);
  if (item >= count) return;
  const int entry = item / inner / depth * inner + item % inner, place = item / inner % depth;
  const int at = entry / index_row * index_pitch + entry % index_row;
  const long found = is_long ? ((const global long *)index)[at] : (long)((const global int *)index)[at];
  y[item / y_row * y_pitch + item % y_row] = values[(found < 0 ? found + depth : found) == place];
}
