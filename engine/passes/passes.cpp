#include "engine/passes/passes.h"

#include <cstdio>

#include "engine/base/stopwatch.h"
#include "engine/base/text.h"
#include "engine/graph/pins.h"
#include "engine/passes/list.h"

namespace vireo::passes {
namespace {

constexpr Pass kPasses[] = {
    {"constant_folding", "layers whose inputs are all known are computed now", constant_folding},
    {"branches", "a layer that stands for one of two branches becomes the one that its condition, once known, takes",
     branches},
    {"loops", "loops that count know the number of their iterations once all is known that their condition needs",
     loops},
    {"shape_values", "extents that are known take the place of the layers that would look them up", shape_values},
    {"einsum_products", "sums of products of two tensors become matrix products", einsum_products},
    {"identities", "layers that change nothing are taken out", identities},
    {"dead_layers", "layers that no output needs are taken out", dead_layers},
    {"common_subexpressions", "equal layers on equal inputs are computed once", common_subexpressions},
    {"reshapes", "squeeze, unsqueeze and flatten become reshapes; chains of reshapes become one", reshapes},
    {"transposes", "chains of transposes become one, transposes of extents 1 become reshapes", transposes},
    {"clamps", "chains of clip and relu become one", clamps},
    {"activation_patterns", "silu, hard_swish, mish, gelu written as several layers become one", activation_patterns},
    {"layer_norm", "layer normalisation written as several layers becomes one", layer_norm},
    {"channel_shuffle", "reshape, transpose, reshape over groups of channels becomes one layer, a split after it too",
     channel_shuffle},
    {"space_to_depth", "every-second-pixel slices in front of a convolution become part of it", space_to_depth},
    {"split_from_slices", "slices that cut a tensor into neighbouring parts become a split", split_from_slices},
    {"split_joining", "a concat of all parts of a split takes the split tensor whole", split_joining},
    {"batch_norm", "batch normalisation is folded into the convolution or product before it, or becomes scale and bias",
     batch_norm},
    {"matmul_bias", "products with a bias become one layer", matmul_bias},
    {"scale_bias", "scales and biases by channel are folded into weights", scale_bias},
    {"product_scale", "a constant factor on a matrix product is folded into it", product_scale},
    {"attention", "two products around a softmax become one layer, which finds the heads itself", attention},
    {"pad_folding", "zero padding becomes part of the convolution or pooling after it", pad_folding},
    {"conv_1d", "convolutions and pooling of rank 1 become rank 2 with height 1", conv_1d},
    {"activation_fusion", "activations are computed by the convolution or product before them", activation_fusion},
    {"residual_fusion", "additions are computed by the convolution or product before them", residual_fusion},
    {"nhwc_layout", "convolutions and pooling work on channels-last tensors", nhwc_layout},
    {"transpose_sinking", "transposes move towards the outputs until they meet their inverse", transpose_sinking},
    {"image_input", "conversion, scale and shift of input images become one layer before the first convolution",
     image_input},
};

int living(const graph::Graph& graph) {
  int count = 0;
  for (graph::LayerId id = 0; id < graph.layer_count(); ++id) count += graph.layer(id).alive() ? 1 : 0;
  return count;
}

bool run_checked(const Pass& pass, graph::Graph& graph, bool verify) {
  try {
    const graph::Pins pins(graph);
    const bool changed = pass.run(graph);
    if (changed) pins.hand_on(graph);
    if (changed && verify) graph.verify();
    return changed;
  } catch (const Error& error) {
    base::fail(error.code(), "pass '", pass.name, "': ", error.what());
  }
}

const Pass& find_pass(std::string_view name, ErrorCode code) {
  for (const Pass& pass : kPasses)
    if (pass.name == name) return pass;
  std::string known;
  for (const Pass& pass : kPasses) known += base::str(known.empty() ? "" : ", ", pass.name);
  base::fail(code, "no pass is named '", name, "'; there are ", known);
}

}  // namespace

std::span<const Pass> all_passes() { return kPasses; }

bool run_pass(graph::Graph& graph, std::string_view name) {
  return run_checked(find_pass(name, ErrorCode::not_found), graph, true);
}

PassReport run_passes(graph::Graph& graph, const PassOptions& options) {
  for (const auto* names : {&options.disabled, &options.enabled})
    for (const std::string& name : *names) (void)find_pass(name, ErrorCode::invalid_argument);
  PassReport report;
  for (const Pass& pass : kPasses) report.entries.push_back({.name = pass.name});
  const base::Stopwatch all;
  bool changed = true;
  while (changed && report.rounds < options.max_rounds) {
    changed = false;
    ++report.rounds;
    for (std::size_t i = 0; i < std::size(kPasses); ++i) {
      const Pass& pass = kPasses[i];
      if (options.disabled.contains(pass.name) || (!pass.by_default && !options.enabled.contains(pass.name))) continue;
      PassReport::Entry& entry = report.entries[i];
      if (entry.runs++ == 0) entry.layers_before = living(graph);
      const base::Stopwatch one;
      const bool did = run_checked(pass, graph, options.verify);
      entry.seconds += one.seconds();
      entry.layers_after = living(graph);
      if (!did) continue;
      ++entry.changes;
      changed = true;
      if (options.on_change) options.on_change(pass, report.rounds, graph);
    }
    graph.compact();
    graph.infer_all();
  }
  report.seconds = all.seconds();
  return report;
}

std::string PassReport::to_string() const {
  std::string text;
  for (const Entry& entry : entries) {
    if (entry.changes == 0) continue;
    char line[160];
    std::snprintf(line, sizeof(line), "%-22.*s %2d of %2d runs changed something, %5d -> %5d layers, %8.2f ms\n",
                  static_cast<int>(entry.name.size()), entry.name.data(), entry.changes, entry.runs,
                  entry.layers_before, entry.layers_after, entry.seconds * 1e3);
    text += line;
  }
  return text;
}

}  // namespace vireo::passes
