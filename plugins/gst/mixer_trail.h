#pragma once
// Results through elements that mix pictures into a new one: compositor and its kind. What they show of an input lies
// at its pad's xpos, ypos, width and height; so when one has chosen its frames, their notes are brought there, added
// up, and attached to what it makes. Any thread.

#include <gst/gst.h>

#include "plugins/gst/frame_meta.h"

namespace vireo::gst {

/// From now on pictures of the mixer carry the notes of their inputs. False where the element mixes none, or says not
/// where. Does nothing the second time.
bool follow_mixer(GstElement* element);

/// The same for all mixers downstream of the pad.
void follow_mixers_behind(GstPad* src);

[[nodiscard]] bool is_followed(GstElement* element);

}  // namespace vireo::gst
