#pragma once
// Decoders that share the cores with those of other streams, and with networks.

#include <gst/gst.h>

namespace vireo::deployment {

/// libav's decoders that are made inside `bin` from now on get as many threads as there are cores for each decoder of
/// this process, instead of as many as there are cores. Each thread of one keeps frames of its own, holds its output
/// back by a frame, and takes cores from inference: sixteen 720p streams on two cores are 10 MB each smaller with one.
void share_decoder_threads(GstBin* bin);

}  // namespace vireo::deployment
