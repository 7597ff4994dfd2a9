#pragma once
// Frames to compressed video, for every sink that needs it: which encoder, set how, and the one format that all frames
// of a video are brought into. One thread at a time.

#include <gst/gst.h>

#include <string>

#include "app/deployment/gst_objects.h"
#include "config/settings.h"

namespace vireo::deployment {

struct EncoderKind {
  const char* factory;
  const char* for_files;  ///< its settings: constant quality
  const char* for_now;    ///< the same for who watches now: no frame waits for later ones
  const char* parser;
  const char* caps;  ///< behind the parser, for muxers
  const char* payloader;
};

/// The best one that this machine has. Throws Error(not_found).
[[nodiscard]] const EncoderKind& find_encoder();

/// What frames like this become: planes 4:2:0 of even size, of its rate.
[[nodiscard]] OwnedCaps video_format(GstCaps* frame, GstBuffer* buffer);

/// Frames of any kind and times into an encoder. Used by an output's build() and prepare().
class EncoderChain {
 public:
  /// `key_every`: at least so often a frame can be understood without those before it; the first at or behind each
  /// multiple of it.
  explicit EncoderChain(GstClockTime key_every = 2 * GST_SECOND) : key_every_(key_every) {}

  /// Adds the elements behind `after`; returns the last one, the parser. The encoder is named "encoder".
  GstElement* build(GstBin* bin, GstElement* after);
  [[nodiscard]] GstElement* encoder() const { return encoder_.get(); }
  /// The frame as it goes in: its time begins at `start`.
  [[nodiscard]] OwnedSample prepare(GstSample* sample, GstClockTime running, GstClockTime start);

 private:
  GstClockTime key_every_;
  GstElement* filter_ = nullptr;  ///< borrowed from the pipeline
  Owned<GstElement> encoder_;
  OwnedCaps format_;           ///< of all frames
  GstClockTime next_key_ = 0;  ///< when a key frame is due
};

}  // namespace vireo::deployment
