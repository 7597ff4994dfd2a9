#include "plugins/gst/writable_frames.h"

#include "plugins/gst/video_image.h"

namespace vireo::gst {
namespace {

GstBufferPool* pool_for(const GstVideoInfo& info) {
  GstCaps* caps = gst_video_info_to_caps(&info);
  GstBufferPool* pool = gst_video_buffer_pool_new();
  GstStructure* config = gst_buffer_pool_get_config(pool);
  gst_buffer_pool_config_set_params(config, caps, guint(GST_VIDEO_INFO_SIZE(&info)), 0, 0);
  const bool good = gst_buffer_pool_set_config(pool, config) && gst_buffer_pool_set_active(pool, TRUE);
  gst_caps_unref(caps);
  if (!good) gst_clear_object(&pool);
  return pool;
}

}  // namespace

void WritableFrames::reset() {
  if (!pool_) return;
  gst_buffer_pool_set_active(pool_, FALSE);
  gst_clear_object(&pool_);
}

bool WritableFrames::is_writable(GstBuffer* buffer) {
  return gst_buffer_is_writable(buffer) && gst_buffer_is_all_memory_writable(buffer);
}

GstBuffer* WritableFrames::copy(GstBuffer* buffer, const GstVideoInfo& info) {
  if (!pool_) pool_ = pool_for(info);
  GstBuffer* copy = nullptr;
  if (!pool_ || gst_buffer_pool_acquire_buffer(pool_, &copy, nullptr) != GST_FLOW_OK) return nullptr;
  bool good = false;
  {
    MappedFrame src(info, buffer, GST_MAP_READ), dst(info, copy, GST_MAP_WRITE);
    good = src && dst && gst_video_frame_copy(&dst.frame(), &src.frame());
  }
  const auto what = GstBufferCopyFlags(GST_BUFFER_COPY_FLAGS | GST_BUFFER_COPY_TIMESTAMPS | GST_BUFFER_COPY_META);
  if (good && gst_buffer_copy_into(copy, buffer, what, 0, -1)) {
    if (GstVideoMeta* meta = gst_buffer_get_video_meta(copy)) gst_buffer_remove_meta(copy, &meta->meta);
    return copy;
  }
  gst_clear_buffer(&copy);
  return nullptr;
}

}  // namespace vireo::gst
