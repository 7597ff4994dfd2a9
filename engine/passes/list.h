#pragma once
// The run functions of the passes, each in the file of its name. For passes.cpp alone.

#include "engine/graph/graph.h"

namespace vireo::passes {

bool activation_fusion(graph::Graph&);
bool activation_patterns(graph::Graph&);
bool attention(graph::Graph&);
bool batch_norm(graph::Graph&);
bool branches(graph::Graph&);
bool channel_shuffle(graph::Graph&);
bool clamps(graph::Graph&);
bool common_subexpressions(graph::Graph&);
bool constant_folding(graph::Graph&);
bool conv_1d(graph::Graph&);
bool dead_layers(graph::Graph&);
bool einsum_products(graph::Graph&);
bool identities(graph::Graph&);
bool image_input(graph::Graph&);
bool layer_norm(graph::Graph&);
bool loops(graph::Graph&);
bool matmul_bias(graph::Graph&);
bool nhwc_layout(graph::Graph&);
bool pad_folding(graph::Graph&);
bool product_scale(graph::Graph&);
bool residual_fusion(graph::Graph&);
bool scale_bias(graph::Graph&);
bool shape_values(graph::Graph&);
bool reshapes(graph::Graph&);
bool space_to_depth(graph::Graph&);
bool split_from_slices(graph::Graph&);
bool split_joining(graph::Graph&);
bool transpose_sinking(graph::Graph&);
bool transposes(graph::Graph&);

}  // namespace vireo::passes
