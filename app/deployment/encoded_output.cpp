#include "app/deployment/encoded_output.h"

#include <gst/app/gstappsink.h>

namespace vireo::deployment {
namespace {

/// Encoders that reorder begin before their first frame.
constexpr GstClockTime kMoved = GST_SECOND;

}  // namespace

void EncodedOutput::build(GstBin* pipeline, GstElement* appsrc) {
  GstElement* parser = chain_.build(pipeline, appsrc);
  options_.set_others(chain_.encoder());
  GstElement* filter = add_element(pipeline, "capsfilter");
  const OwnedCaps caps(gst_caps_from_string(find_encoder().caps));
  g_object_set(filter, "caps", caps.get(), nullptr);
  end_ = add_element(pipeline, "appsink");
  g_object_set(end_, "sync", FALSE, "async", FALSE, "max-buffers", 1u, "enable-last-sample", FALSE, nullptr);
  GstAppSinkCallbacks callbacks{};
  callbacks.new_sample = [](GstAppSink* from, gpointer data) {
    OwnedSample sample(gst_app_sink_pull_sample(from));
    if (!sample) return GST_FLOW_OK;
    const GstSegment* segment = gst_sample_get_segment(sample.get());
    GstBuffer* buffer = gst_buffer_copy(gst_sample_get_buffer(sample.get()));
    const GstClockTime at = gst_segment_to_running_time(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
    if (GST_CLOCK_TIME_IS_VALID(at)) {
      guint64 decoded = 0;
      const int sign = GST_BUFFER_DTS_IS_VALID(buffer) ? gst_segment_to_running_time_full(
                                                             segment, GST_FORMAT_TIME, GST_BUFFER_DTS(buffer), &decoded)
                                                       : 0;
      GST_BUFFER_PTS(buffer) = at + kMoved;
      GST_BUFFER_DTS(buffer) = sign > 0   ? decoded + kMoved
                               : sign < 0 ? kMoved - std::min(kMoved, decoded)
                                          : GST_CLOCK_TIME_NONE;
      static_cast<EncodedOutput*>(data)->encoded(
          {buffer, gst_sample_get_caps(sample.get()), at, !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT)});
    }
    gst_buffer_unref(buffer);
    return GST_FLOW_OK;
  };
  callbacks.eos = [](GstAppSink*, gpointer data) { static_cast<EncodedOutput*>(data)->encoded_all(); };
  gst_app_sink_set_callbacks(GST_APP_SINK(end_), &callbacks, this, nullptr);
  link(parser, filter);
  link(filter, end_);
}

void EncodedOutput::fail_for_good(const std::string& why) {
  GError* error = g_error_new_literal(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE, why.c_str());
  gst_element_post_message(end_, gst_message_new_error(GST_OBJECT(end_), error, nullptr));
  g_error_free(error);
}

}  // namespace vireo::deployment
