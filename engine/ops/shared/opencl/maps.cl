// Before kernels whose items make some pixels of some rows of maps with channels last. A work-group takes a tile of a map
// for some neighbouring channels, so that what its items read in common comes from the first-level cache.
//   items: vectors of a pixel, sets of pixels of a row, sets of rows of a map, maps; those of a work-group (3), -
//   tiles: work-groups by vectors, sets of pixels, sets of rows, -
#define VIREO_MAP const int8 items, const int4 tiles

// This item's `block` of channels, `set` of pixels, `strip` of rows and `image`; done where there is none.
#define VIREO_MAP_ITEM                                                                   \
  int tile = get_group_id(0);                                                            \
  const int block = tile % tiles.s0 * items.s4 + get_local_id(0);                        \
  tile /= tiles.s0;                                                                      \
  const int set = tile % tiles.s1 * items.s5 + get_local_id(1);                          \
  tile /= tiles.s1;                                                                      \
  const int strip = tile % tiles.s2 * items.s6 + get_local_id(2), image = tile / tiles.s2; \
  if (block >= items.s0 || set >= items.s1 || strip >= items.s2) return
