// The place of one stream on an RTSP server.

#include "app/deployment/encoder.h"
#include "app/deployment/gst_objects.h"
#include "app/deployment/rtsp_server.h"

#ifdef VIREO_RTSP_SERVER

#include <gst/app/gstappsrc.h>

#include <algorithm>
#include <mutex>

#include "app/deployment/rtsp_parts.h"

namespace vireo::deployment {
namespace {

constexpr guint64 kRoom = 2;                 ///< frames that wait for the encoder
constexpr GstClockTime kApart = GST_SECOND;  ///< the stream's clock and the viewers' may differ by that much

}  // namespace

struct RtspMount::Parts {
  std::string path;
  std::mutex opening;
  std::shared_ptr<RtspServer> server;  ///< guarded by `opening`
  mutable std::mutex mutex;            ///< guards what follows
  config::Options encoder;
  Held<GstRTSPMedia> media;  ///< while somebody watches
  Owned<GstElement> frames, filter;
  OwnedCaps caps;
  GstClockTime first = 0, base = GST_CLOCK_TIME_NONE, last = 0;  ///< the stream's time, the media's for it
  OwnedSample newest;
  GstClockTime newest_running = 0;

  void configure(GstRTSPMedia* one) {
    Owned<GstElement> element(gst_rtsp_media_get_element(one));
    const auto part = [&](const char* name) {
      return Owned<GstElement>(gst_bin_get_by_name_recurse_up(GST_BIN(element.get()), name));
    };
    std::lock_guard lock(mutex);
    try {
      set_properties(part("encoder").get(), encoder);
    } catch (const Error&) {  // they were tried when the sink was made
    }
    frames = part("frames");
    filter = part("format");
    caps.reset();
    base = GST_CLOCK_TIME_NONE;
    last = 0;
    media.reset(GST_RTSP_MEDIA(g_object_ref(one)));
    // Who describes a medium needs a frame of it, and must not wait for one: the others would wait with him.
    if (newest) (void)show(newest.get(), newest_running);
  }
  unsigned show(GstSample* sample, GstClockTime running);
  void forget(GstRTSPMedia* one) {
    std::unique_lock lock(mutex);
    if (media.get() != one) return;
    frames.reset();
    filter.reset();
    const Held<GstRTSPMedia> last_one = std::move(media);
    lock.unlock();
  }
};

namespace {

std::string launch_line() {
  const EncoderKind& kind = find_encoder();
  return "( appsrc name=frames is-live=true format=time max-buffers=" + std::to_string(kRoom) +
         " max-bytes=0 max-time=0 leaky-type=downstream ! videoconvert ! videoscale ! capsfilter name=format ! " +
         kind.factory + " name=encoder " + kind.for_now + " ! " + kind.parser + " ! " + kind.payloader +
         " name=pay0 pt=96 config-interval=-1 )";
}

using PartsPointer = std::shared_ptr<RtspMount::Parts>;

void drop_parts(gpointer data, GClosure*) { delete static_cast<PartsPointer*>(data); }

void media_gone(GstRTSPMedia* media, gpointer data) { (*static_cast<PartsPointer*>(data))->forget(media); }

void media_made(GstRTSPMediaFactory*, GstRTSPMedia* media, gpointer data) {
  const PartsPointer& parts = *static_cast<PartsPointer*>(data);
  g_signal_connect_data(media, "unprepared", G_CALLBACK(media_gone), new PartsPointer(parts), drop_parts,
                        GConnectFlags(0));
  parts->configure(media);
}

}  // namespace

RtspMount::RtspMount(std::string path) : parts_(std::make_shared<Parts>()) { parts_->path = std::move(path); }

void RtspMount::open(const std::function<std::shared_ptr<RtspServer>()>& server, const config::Options& encoder) {
  {
    std::lock_guard lock(parts_->mutex);
    parts_->encoder = encoder;
  }
  std::lock_guard one(parts_->opening);
  if (parts_->server) return;
  std::shared_ptr<RtspServer> listening = server();
  listening->parts().run([&] {
    GstRTSPMediaFactory* factory = gst_rtsp_media_factory_new();
    gst_rtsp_media_factory_set_launch(factory, launch_line().c_str());
    gst_rtsp_media_factory_set_shared(factory, TRUE);
    if (!listening->parts().user.empty())
      gst_rtsp_media_factory_add_role(factory, kViewerRole, GST_RTSP_PERM_MEDIA_FACTORY_ACCESS, G_TYPE_BOOLEAN, TRUE,
                                      GST_RTSP_PERM_MEDIA_FACTORY_CONSTRUCT, G_TYPE_BOOLEAN, TRUE, nullptr);
    g_signal_connect_data(factory, "media-configure", G_CALLBACK(media_made), new PartsPointer(parts_), drop_parts,
                          GConnectFlags(0));
    Held<GstRTSPMountPoints> points(gst_rtsp_server_get_mount_points(listening->parts().server.get()));
    gst_rtsp_mount_points_add_factory(points.get(), parts_->path.c_str(), factory);
  });
  parts_->server = std::move(listening);
}

RtspMount::~RtspMount() {
  if (!parts_->server) return;
  RtspServer::Parts& server = parts_->server->parts();
  server.run([&] {
    Held<GstRTSPMountPoints> points(gst_rtsp_server_get_mount_points(server.server.get()));
    gst_rtsp_mount_points_remove_factory(points.get(), parts_->path.c_str());
    Held<GstRTSPMedia> media;
    {
      std::lock_guard lock(parts_->mutex);
      if (parts_->media) media.reset(GST_RTSP_MEDIA(g_object_ref(parts_->media.get())));
    }
    if (media) server.disconnect(media.get());
    if (media) parts_->forget(media.get());
  });
  parts_->server.reset();
}

unsigned RtspMount::push(GstSample* sample, GstClockTime running) {
  std::lock_guard lock(parts_->mutex);
  parts_->newest.reset(gst_sample_ref(sample));
  parts_->newest_running = running;
  return parts_->frames ? parts_->show(sample, running) : 0;
}

/// Under the lock, to those who watch.
unsigned RtspMount::Parts::show(GstSample* sample, GstClockTime running) {
  GstCaps* raw = gst_sample_get_caps(sample);
  if (!caps || !gst_caps_is_equal(caps.get(), raw)) {
    caps.reset(gst_caps_ref(raw));
    const OwnedCaps format = video_format(raw, gst_sample_get_buffer(sample));
    g_object_set(filter.get(), "caps", format.get(), nullptr);
  }
  GstClockTime now = gst_element_get_current_running_time(frames.get());
  if (!GST_CLOCK_TIME_IS_VALID(now)) now = 0;
  GstClockTime time = GST_CLOCK_TIME_IS_VALID(base) && running >= first ? base + (running - first) : now;
  if (!GST_CLOCK_TIME_IS_VALID(base) || running < first || time > now + kApart || now > time + kApart) {
    base = time = now;
    first = running;
  }
  last = time = std::max(time, last + GST_MSECOND);
  GstBuffer* buffer = gst_buffer_copy(gst_sample_get_buffer(sample));
  GST_BUFFER_PTS(buffer) = time;
  GST_BUFFER_DTS(buffer) = GST_CLOCK_TIME_NONE;
  OwnedSample out(gst_sample_new(buffer, raw, nullptr, nullptr));
  gst_buffer_unref(buffer);
  auto* appsrc = GST_APP_SRC(frames.get());
  const bool full = gst_app_src_get_current_level_buffers(appsrc) >= kRoom;
  gst_app_src_push_sample(appsrc, out.get());
  return full ? 1 : 0;
}

bool RtspMount::watched() const {
  std::lock_guard lock(parts_->mutex);
  return parts_->frames != nullptr;
}

}  // namespace vireo::deployment

#else

namespace vireo::deployment {

struct RtspMount::Parts {};

RtspMount::RtspMount(std::string) {}
RtspMount::~RtspMount() = default;
void RtspMount::open(const std::function<std::shared_ptr<RtspServer>()>&, const config::Options&) {
  throw Error(ErrorCode::not_found, why_no_rtsp_server());
}
unsigned RtspMount::push(GstSample*, GstClockTime) { return 0; }
bool RtspMount::watched() const { return false; }

}  // namespace vireo::deployment

#endif
