#pragma once
// What travels with a buffer next to its pixels: the exact result of one frame (VireoFrameMeta) and, from synthetic
// sources, its ground truth (VireoTruthMeta, same contents under another type). The region-of-interest metas that other
// elements read are rounded copies of it. The meta owns its note; notes are immutable once attached and shared by
// copies of the buffer. The types are registered once in the process, by whichever comes first (plugin or program).

#include <gst/video/video.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/api/types.h"
#include "plugins/sdk/detection.h"

namespace vireo::gst {

/// An output of the network for one frame, copied.
struct RawTensor {
  std::string name;
  DataType dtype = DataType::float32;
  Dims dims;
  std::vector<std::uint8_t> data;
};

struct FrameNote {
  sdk::FrameResult result;
  int age = 0;                     ///< frames since the result was inferred; 0: on this very frame
  std::int64_t latency_ns = 0;     ///< from the frame's arrival at the element (live: from its capture) to its result
  std::vector<RawTensor> tensors;  ///< only when asked for
};

enum class NoteKind : std::uint8_t { result, truth };

/// Attaches the note; the buffer must be writable.
void attach_note(GstBuffer* buffer, NoteKind kind, std::shared_ptr<const FrameNote> note);
/// The note of the buffer, or null. Valid as long as the buffer.
[[nodiscard]] const FrameNote* find_note(GstBuffer* buffer, NoteKind kind);
/// Adds a GstVideoRegionOfInterestMeta with a "detection" structure for each detection.
void attach_regions(GstBuffer* buffer, const sdk::FrameResult& result);
/// Reads detections back from the region-of-interest metas of any element.
[[nodiscard]] std::vector<sdk::Detection> read_regions(GstBuffer* buffer);

}  // namespace vireo::gst
