#pragma once
// Layouts as the builder decides them (engine/tune/formats.h) and nhwc_layout carries them out. A layer that says its
// layout, "nchw" or "nhwc", keeps it; one that says nothing becomes channels-last where it can. Used from the pass's
// own thread.

#include "engine/graph/graph.h"

namespace vireo::passes {

/// nhwc_layout makes this layer channels-last: a convolution or pooling of images that doesn't say its layout.
[[nodiscard]] bool becomes_channels_last(const graph::Graph& graph, graph::LayerId layer);
/// The layer's channels stay first from now on.
void keep_channels_first(graph::Graph& graph, graph::LayerId layer);

}  // namespace vireo::passes
