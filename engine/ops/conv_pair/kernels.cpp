// Only where it is written: on GPUs with Hopper's tensor cores. Elsewhere the reference stands for it.
#include "engine/ops/conv_pair/pair.h"
#include "engine/ops/shared/hopper.h"

namespace vireo::ops {
namespace {

template <std::size_t kTile>
struct Tile {
  static_assert(kTile < std::size(kHopperTiles));
  static std::string refuse(const Problem& p) { return refuse_conv_pair_hopper(p, kTile); }
  static Launch prepare(const Problem& p) { return prepare_conv_pair_hopper(p, kTile); }
  static double predict(const Problem& p) { return predict_conv_pair_hopper(p, kTile); }
};

template <std::size_t kTile>
constexpr Tactic row(std::string_view name) {
  return {.name = name,
          .refuse = Tile<kTile>::refuse,
          .prepare = Tile<kTile>::prepare,
          .device = "opencl",
          .predict = Tile<kTile>::predict};
}

constexpr Tactic kTactics[] = {
    row<0>("conv_pair_wgmma_128x256_opencl"),        row<1>("conv_pair_wgmma_256x128_opencl"),
    row<2>("conv_pair_wgmma_128x128_opencl"),        row<3>("conv_pair_wgmma_256x64_opencl"),
    row<4>("conv_pair_wgmma_128x64_opencl"),         row<5>("conv_pair_wgmma_64x128_opencl"),
    row<6>("conv_pair_wgmma_64x64_opencl"),          row<7>("conv_pair_wgmma_64x64_split2_opencl"),
    row<8>("conv_pair_wgmma_64x64_split4_opencl"),   row<9>("conv_pair_wgmma_64x64_split8_opencl"),
    row<10>("conv_pair_wgmma_64x128_split2_opencl"), row<11>("conv_pair_wgmma_64x128_split4_opencl"),
    row<12>("conv_pair_wgmma_128x256_kept_opencl"),  row<13>("conv_pair_wgmma_128x128_kept_opencl"),
    row<14>("conv_pair_wgmma_64x256_kept_opencl"),   row<15>("conv_pair_wgmma_256x64_kept_opencl"),
    row<16>("conv_pair_wgmma_192x128_opencl"),       row<17>("conv_pair_wgmma_128x128_turns_opencl"),
    row<18>("conv_pair_wgmma_64x128_turns_opencl"),  row<19>("conv_pair_wgmma_128x64_turns_opencl"),
};

}  // namespace

std::span<const Tactic> conv_pair_tactics() { return kTactics; }

}  // namespace vireo::ops
