#pragma once
// What travels with a buffer next to its pixels: the exact results of one frame (VireoFrameMeta) and, from synthetic
// sources, its ground truth (VireoTruthMeta, same contents under another type). The meta owns its note; notes are
// immutable once attached and shared by copies of the buffer. The types are registered once in the process, by
// whichever comes first (plugin or program).
//
// Results add up: each stage adds its own to those of earlier ones. They follow the picture where an element tells how
// it changed it (scaling; from GStreamer 1.28 on any affine map). Elements that don't tell (videocrop, videoflip,
// videobox) lose the meta; what is left then is a trail, which read_note() follows back through the elements'
// properties. Elements that make new buffers lose both; those that mix pictures are followed (mixer_trail.h), encoders
// of some kinds are not.

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
  int age = 0;                  ///< frames since the newest of the results was inferred; 0: on this very frame
  std::int64_t latency_ns = 0;  ///< from the frame's arrival at the first stage (live: from its capture) to its result
  std::vector<RawTensor> tensors;  ///< only when asked for
};
using NotePointer = std::shared_ptr<const FrameNote>;

enum class NoteKind : std::uint8_t { result, truth };

/// Attaches the note in place of any earlier one; the buffer must be writable.
void attach_note(GstBuffer* buffer, NoteKind kind, NotePointer note);
/// Attaches what a stage found together with what the buffer carries already; the buffer must be writable. `earlier` is
/// what it carries, as read_note() gives it, or null.
void add_note(GstBuffer* buffer, const NotePointer& earlier, NotePointer note);
/// The note of the buffer, or null. Valid as long as the buffer.
[[nodiscard]] const FrameNote* find_note(GstBuffer* buffer, NoteKind kind);

/// The note of a buffer that arrived at `pad`, whose frames are `width` x `height`: its meta, or what the trail leads
/// to. `lost` (may be null) becomes the name of the element behind which results can't be followed; it stays as it is
/// where there are results or nothing to lose.
[[nodiscard]] NotePointer read_note(GstBuffer* buffer, NoteKind kind, GstPad* pad, int width, int height,
                                    std::string* lost = nullptr);

/// Adds a GstVideoRegionOfInterestMeta with a "detection" structure for each detection from `first` on. Its id and
/// parent_id are the detections' ids.
void attach_regions(GstBuffer* buffer, const sdk::FrameResult& result, std::size_t first = 0);
/// Reads detections back from the region-of-interest metas of any element: exactly where the structure is ours, also
/// after the region was scaled.
[[nodiscard]] std::vector<sdk::Detection> read_regions(GstBuffer* buffer);

/// Adds what was found from detection `first` on to the buffer's GstAnalyticsRelationMeta: boxes, classes, tracks, and
/// who belongs to whom. Does nothing where the library was built without it (before GStreamer 1.24).
void attach_analytics(GstBuffer* buffer, const sdk::FrameResult& result, std::size_t first = 0);
[[nodiscard]] bool has_analytics() noexcept;

}  // namespace vireo::gst
