#include "app/deployment/feed.h"

#include <gst/app/gstappsrc.h>

#include "app/deployment/gst_objects.h"

namespace vireo::deployment {

Feed::Feed(GstElement* appsrc, unsigned room) : appsrc_(appsrc), room_(room) {
  g_object_set(appsrc, "format", GST_FORMAT_TIME, "max-buffers", guint64(0), "max-bytes", guint64(0), "max-time",
               guint64(0), "handle-segment-change", TRUE, "emit-signals", FALSE, nullptr);
  Owned<GstPad> pad(gst_element_get_static_pad(appsrc, "src"));
  gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_BUFFER, &Feed::frame_out, this, nullptr);
}

GstPadProbeReturn Feed::frame_out(GstPad*, GstPadProbeInfo*, gpointer data) {
  auto& feed = *static_cast<Feed*>(data);
  std::lock_guard lock(feed.mutex_);
  if (feed.inside_ > 0) --feed.inside_;
  feed.changed_.notify_all();
  return GST_PAD_PROBE_OK;
}

Feed::Result Feed::push(GstSample* sample, bool wait) {
  {
    std::unique_lock lock(mutex_);
    if (wait && inside_ >= room_ && !closed_) {
      waiting_ = true;
      changed_.wait(lock, [&] { return closed_ || inside_ < room_; });
      waiting_ = false;
    }
    if (closed_) return Result::closed;
    if (inside_ >= room_) return Result::full;
    ++inside_;
  }
  return gst_app_src_push_sample(GST_APP_SRC(appsrc_), sample) == GST_FLOW_OK ? Result::taken : Result::closed;
}

void Feed::end() { gst_app_src_end_of_stream(GST_APP_SRC(appsrc_)); }

void Feed::close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

}  // namespace vireo::deployment
