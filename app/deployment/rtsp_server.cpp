#include "app/deployment/rtsp_server.h"

#include "app/deployment/encoder.h"
#include "app/deployment/gst_objects.h"

#ifdef VIREO_RTSP_SERVER

#include <gst/app/gstappsrc.h>
#include <gst/rtsp-server/rtsp-server.h>
#include <gst/video/video.h>

#include <future>
#include <mutex>
#include <thread>

namespace vireo::deployment {

namespace {

struct ObjectUnref {
  void operator()(gpointer object) const noexcept { g_object_unref(object); }
};
template <typename T>
using Held = std::unique_ptr<T, ObjectUnref>;

constexpr char kRole[] = "viewer";
constexpr guint64 kRoom = 2;                 ///< frames that wait for the encoder
constexpr GstClockTime kApart = GST_SECOND;  ///< the stream's clock and the viewers' may differ by that much
constexpr guint kCleanEvery_s = 2;

}  // namespace

std::string why_no_rtsp_server() {
  for (const char* needed : {"rtpbin", find_encoder().payloader})
    if (!has_element(needed))
      return std::string("GStreamer has no element '") + needed + "'; install gstreamer1.0-plugins-good";
  return {};
}

// ---- server --------------------------------------------------------------------------------------------------------

/// All requests are answered in one thread: a medium that is shared does not bear that one comes while another goes
/// (gst-rtsp-server 1.22 answers 503, or sends nothing). None waits long: see RtspMount::Parts::configure().
struct RtspServer::Parts {
  std::string user, password;
  Held<GstRTSPServer> server{gst_rtsp_server_new()};
  GMainContext* context = g_main_context_new();
  GMainLoop* loop = g_main_loop_new(context, FALSE);
  std::thread thread;

  ~Parts() {
    g_main_loop_unref(loop);
    g_main_context_unref(context);
  }
  /// In the server's thread; returns when it is done.
  void run(const std::function<void()>& what) {
    if (g_main_context_is_owner(context)) return what();
    struct Task {
      const std::function<void()>& what;
      std::promise<void> done;
    } task{what, {}};
    g_main_context_invoke(
        context,
        [](gpointer data) -> gboolean {
          auto& one = *static_cast<Task*>(data);
          one.what();
          one.done.set_value();
          return G_SOURCE_REMOVE;
        },
        &task);
    task.done.get_future().wait();
  }
  void listen(const RtspAddress& address);
  void require(const RtspAddress& address);
  /// Ends the sessions in which this medium, or any (null), plays, and the connections of those who watch it.
  void disconnect(GstRTSPMedia* media);
};

namespace {

/// Who joins in is shown a whole picture at once.
void ask_for_key_frame(GstRTSPClient*, GstRTSPContext* request, gpointer) {
  if (!request->media) return;
  Owned<GstElement> element(gst_rtsp_media_get_element(request->media));
  Owned<GstElement> encoder(gst_bin_get_by_name_recurse_up(GST_BIN(element.get()), "encoder"));
  if (!encoder) return;
  Owned<GstPad> pad(gst_element_get_static_pad(encoder.get(), "src"));
  gst_pad_send_event(pad.get(), gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
}

struct Search {
  GstRTSPMedia* media;
  bool found;
};

GstRTSPFilterResult end_media(GstRTSPSession*, GstRTSPSessionMedia* one, gpointer data) {
  auto& search = *static_cast<Search*>(data);
  const bool it = !search.media || gst_rtsp_session_media_get_media(one) == search.media;
  search.found |= it;
  return it ? GST_RTSP_FILTER_REMOVE : GST_RTSP_FILTER_KEEP;
}

GstRTSPFilterResult end_client(GstRTSPServer*, GstRTSPClient* client, gpointer data) {
  Search search{*static_cast<GstRTSPMedia**>(data), false};
  g_list_free_full(gst_rtsp_client_session_filter(
                       client,
                       [](GstRTSPClient*, GstRTSPSession* session, gpointer wanted) {
                         g_list_free_full(gst_rtsp_session_filter(session, end_media, wanted), g_object_unref);
                         return GST_RTSP_FILTER_KEEP;
                       },
                       &search),
                   g_object_unref);
  return search.found || !search.media ? GST_RTSP_FILTER_REMOVE : GST_RTSP_FILTER_KEEP;
}

}  // namespace

void RtspServer::Parts::require(const RtspAddress& address) {
  user = address.user;
  password = address.password;
  if (user.empty()) return;
  Held<GstRTSPAuth> auth(gst_rtsp_auth_new());
  gst_rtsp_auth_set_supported_methods(auth.get(), GstRTSPAuthMethod(GST_RTSP_AUTH_BASIC | GST_RTSP_AUTH_DIGEST));
  GstRTSPToken* token = gst_rtsp_token_new(GST_RTSP_TOKEN_MEDIA_FACTORY_ROLE, G_TYPE_STRING, kRole, nullptr);
  const std::string basic = take(gst_rtsp_auth_make_basic(user.c_str(), password.c_str()));
  gst_rtsp_auth_add_basic(auth.get(), basic.c_str(), token);
  gst_rtsp_auth_add_digest(auth.get(), user.c_str(), password.c_str(), token);
  gst_rtsp_token_unref(token);
  gst_rtsp_server_set_auth(server.get(), auth.get());
}

void RtspServer::Parts::listen(const RtspAddress& address) {
  gst_rtsp_server_set_address(server.get(), address.host.c_str());
  gst_rtsp_server_set_service(server.get(), address.port.c_str());
  Held<GstRTSPThreadPool> pool(gst_rtsp_server_get_thread_pool(server.get()));
  gst_rtsp_thread_pool_set_max_threads(pool.get(), 0);
  g_signal_connect(server.get(), "client-connected", G_CALLBACK(+[](GstRTSPServer*, GstRTSPClient* client, gpointer) {
                     g_signal_connect(client, "play-request", G_CALLBACK(ask_for_key_frame), nullptr);
                   }),
                   nullptr);
  GError* error = nullptr;
  GSource* source = gst_rtsp_server_create_source(server.get(), nullptr, &error);
  if (!source) {
    const std::string why = error ? error->message : "unknown error";
    g_clear_error(&error);
    throw Error(ErrorCode::io, "nothing can be served at " + address.server() + ": " + why +
                                   "; choose another port, or end the program that has it (ss -ltnp names it)");
  }
  g_source_attach(source, context);
  g_source_unref(source);
  // Those who went without a word are forgotten.
  GSource* clean = g_timeout_source_new_seconds(kCleanEvery_s);
  g_source_set_callback(
      clean,
      [](gpointer data) -> gboolean {
        Held<GstRTSPSessionPool> sessions(gst_rtsp_server_get_session_pool(GST_RTSP_SERVER(data)));
        gst_rtsp_session_pool_cleanup(sessions.get());
        return G_SOURCE_CONTINUE;
      },
      server.get(), nullptr);
  g_source_attach(clean, context);
  g_source_unref(clean);
}

void RtspServer::Parts::disconnect(GstRTSPMedia* media) {
  g_list_free_full(gst_rtsp_server_client_filter(server.get(), end_client, &media), g_object_unref);
  Held<GstRTSPSessionPool> sessions(gst_rtsp_server_get_session_pool(server.get()));
  Search search{media, false};
  g_list_free_full(gst_rtsp_session_pool_filter(
                       sessions.get(),
                       [](GstRTSPSessionPool*, GstRTSPSession* session, gpointer wanted) {
                         g_list_free_full(gst_rtsp_session_filter(session, end_media, wanted), g_object_unref);
                         return static_cast<Search*>(wanted)->media ? GST_RTSP_FILTER_KEEP : GST_RTSP_FILTER_REMOVE;
                       },
                       &search),
                   g_object_unref);
}

RtspServer::RtspServer(const RtspAddress& address) : parts_(std::make_unique<Parts>()) {
  parts_->require(address);
  parts_->listen(address);
  std::promise<void> begun;
  GSource* first = g_idle_source_new();
  g_source_set_callback(
      first,
      [](gpointer data) -> gboolean {
        static_cast<std::promise<void>*>(data)->set_value();
        return G_SOURCE_REMOVE;
      },
      &begun, nullptr);
  g_source_attach(first, parts_->context);
  g_source_unref(first);
  parts_->thread = std::thread([parts = parts_.get()] {
    g_main_context_push_thread_default(parts->context);
    g_main_loop_run(parts->loop);
    while (g_main_context_iteration(parts->context, FALSE)) {
    }
    g_main_context_pop_thread_default(parts->context);
  });
  begun.get_future().wait();  // a loop that is told to quit before it runs would run for ever
}

RtspServer::~RtspServer() {
  parts_->run([this] {
    parts_->disconnect(nullptr);
    g_main_loop_quit(parts_->loop);
  });
  parts_->thread.join();
}

bool RtspServer::same_user(const RtspAddress& address) const {
  return parts_->user == address.user && parts_->password == address.password;
}

// ---- mount point ---------------------------------------------------------------------------------------------------

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
      gst_rtsp_media_factory_add_role(factory, kRole, GST_RTSP_PERM_MEDIA_FACTORY_ACCESS, G_TYPE_BOOLEAN, TRUE,
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

struct RtspServer::Parts {};
struct RtspMount::Parts {};

std::string why_no_rtsp_server() {
  return "this build has no RTSP server; install libgstrtspserver-1.0-dev and build again";
}

RtspServer::RtspServer(const RtspAddress&) { throw Error(ErrorCode::not_found, why_no_rtsp_server()); }
RtspServer::~RtspServer() = default;
bool RtspServer::same_user(const RtspAddress&) const { return false; }

RtspMount::RtspMount(std::string) {}
RtspMount::~RtspMount() = default;
void RtspMount::open(const std::function<std::shared_ptr<RtspServer>()>&, const config::Options&) {
  throw Error(ErrorCode::not_found, why_no_rtsp_server());
}
unsigned RtspMount::push(GstSample*, GstClockTime) { return 0; }
bool RtspMount::watched() const { return false; }

}  // namespace vireo::deployment

#endif
