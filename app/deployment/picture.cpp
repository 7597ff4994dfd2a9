#include "app/deployment/picture.h"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>

#include "app/deployment/gst_objects.h"
#include "engine/api/error.h"

namespace vireo::deployment {
namespace {

constexpr GstClockTime kMost = 10 * GST_SECOND;

}  // namespace

std::string encoded(GstSample* frame, const char* encoder, const config::Options* draw) {
  OwnedPipeline pipeline = new_pipeline("picture");
  GstBin* bin = GST_BIN(pipeline.get());
  GstElement* in = add_element(bin, "appsrc");
  g_object_set(in, "format", GST_FORMAT_TIME, nullptr);
  GstElement* tail = in;
  const auto append = [&](GstElement* element) {
    link(tail, element);
    tail = element;
    return element;
  };
  if (draw) set_properties(append(add_element(bin, "vireodraw")), *draw);
  append(add_element(bin, "videoconvert"));
  append(add_element(bin, encoder));
  GstElement* out = append(add_element(bin, "appsink"));
  g_object_set(out, "sync", FALSE, nullptr);
  if (gst_element_set_state(pipeline.get(), GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
    throw Error(ErrorCode::io, "the picture: " + start_failure(pipeline.get()));
  gst_app_src_push_sample(GST_APP_SRC(in), frame);
  gst_app_src_end_of_stream(GST_APP_SRC(in));
  const OwnedSample picture(gst_app_sink_try_pull_sample(GST_APP_SINK(out), kMost));
  GstMapInfo map;
  if (!picture || !gst_buffer_map(gst_sample_get_buffer(picture.get()), &map, GST_MAP_READ))
    throw Error(ErrorCode::io, "the picture: " + start_failure(pipeline.get()));
  std::string bytes(reinterpret_cast<const char*>(map.data), map.size);
  gst_buffer_unmap(gst_sample_get_buffer(picture.get()), &map);
  return bytes;
}

}  // namespace vireo::deployment
