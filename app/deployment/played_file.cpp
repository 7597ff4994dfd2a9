#include "app/deployment/played_file.h"

#include <algorithm>
#include <cstdio>

#include "app/deployment/gst_objects.h"
#include "app/deployment/sources.h"
#include "app/deployment/truncation.h"

namespace vireo::deployment {
namespace {

constexpr GstClockTime kShortBy = GST_SECOND;  ///< a video that ends earlier by more (and 5 %) is cut short

}  // namespace

PlayedFile::PlayedFile(const std::string& uri) : path_(video_file_of(uri)) {
  gst_segment_init(&segment_, GST_FORMAT_TIME);
}

void PlayedFile::watch(GstElement* decode, GstElement* sink) {
  decode_ = decode;
  Owned<GstPad> pad(gst_element_get_static_pad(sink, "sink"));
  gst_pad_add_probe(
      pad.get(), GstPadProbeType(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM),
      [](GstPad* at, GstPadProbeInfo* info, gpointer data) {
        auto& file = *static_cast<PlayedFile*>(data);
        if (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) {
          file.see(GST_PAD_PROBE_INFO_BUFFER(info));
        } else {
          file.see(at, GST_PAD_PROBE_INFO_EVENT(info));
        }
        return GST_PAD_PROBE_OK;
      },
      this, nullptr);
}

void PlayedFile::see(GstBuffer* buffer) {
  ++frames_;
  const GstClockTime pts = GST_BUFFER_PTS(buffer);
  if (!GST_CLOCK_TIME_IS_VALID(pts)) return;
  const GstClockTime duration = GST_BUFFER_DURATION_IS_VALID(buffer) ? GST_BUFFER_DURATION(buffer) : 40 * GST_MSECOND;
  const guint64 shown = gst_segment_to_stream_time(&segment_, GST_FORMAT_TIME, pts);
  // A recorder's segment goes on with the clock of the recording: its length is said by that clock too.
  video_end_ = std::max(video_end_, (GST_CLOCK_TIME_IS_VALID(shown) ? std::max(shown, pts) : pts) + duration);
}

void PlayedFile::see(GstPad* pad, GstEvent* event) {
  if (GST_EVENT_TYPE(event) == GST_EVENT_SEGMENT) gst_event_copy_segment(event, &segment_);
  if (GST_EVENT_TYPE(event) != GST_EVENT_EOS || path_.empty()) return;
  // Only when its video is its only stream: a sound track may be longer.
  gint64 duration = -1;
  if (decode_ && decode_->numsrcpads == 1 && gst_pad_peer_query_duration(pad, GST_FORMAT_TIME, &duration) &&
      duration > 0)
    stated_end_ = GstClockTime(duration);
  ended_ = true;
}

/// Damage in the middle shows in the length of the video: decoders skip what they can't read.
std::string PlayedFile::cut_short() const {
  if (!ended_) return {};
  std::string what = missing_end(path_);
  const bool known = GST_CLOCK_TIME_IS_VALID(stated_end_) && states_duration(path_);
  if (what.empty() && known && video_end_ + std::max(kShortBy, stated_end_ / 20) < stated_end_) {
    char text[128];
    std::snprintf(text, sizeof text, "its last frame ends at %.2f s, it should be %.2f s long",
                  double(video_end_) / GST_SECOND, double(stated_end_) / GST_SECOND);
    what = text;
  }
  if (what.empty()) return {};
  return "source '" + path_ + "' ended early, after " + std::to_string(frames_) + " frames: " + what +
         "; it was cut off or is damaged";
}

std::string PlayedFile::missing() const { return path_.empty() ? "" : missing_end(path_); }

}  // namespace vireo::deployment
