#pragma once
// How the picture that a note was made for came to be the one that arrives at a pad: the elements between, upstream
// from the pad to the stage that attached the note, and what they do by their properties at this moment. Any thread.

#include <gst/gst.h>

#include <string>

#include "plugins/gst/frame_meta.h"

namespace vireo::gst {

struct Way {
  bool found = false;  ///< there is a stage upstream that attaches such notes
  sdk::Affine map;     ///< from its pictures to the pad's
  std::string lost;    ///< name of an element on the way whose effect is not known, or which drops what it doesn't know
  bool mixed = false;  ///< it is one that mixes pictures, and from now on they carry results
};

[[nodiscard]] Way way_back(GstPad* pad, NoteKind kind);

}  // namespace vireo::gst
