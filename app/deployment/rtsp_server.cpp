#include "app/deployment/rtsp_server.h"

#include "app/deployment/encoder.h"
#include "app/deployment/gst_objects.h"

#ifdef VIREO_RTSP_SERVER

#include <gst/video/video.h>

#include "app/deployment/rtsp_parts.h"

namespace vireo::deployment {

namespace {

constexpr guint kCleanEvery_s = 2;
constexpr guint kMoment_ms = 2000;

}  // namespace

std::string why_no_rtsp_server() {
  for (const char* needed : {"rtpbin", find_encoder().payloader})
    if (!has_element(needed))
      return std::string("GStreamer has no element '") + needed + "'; install gstreamer1.0-plugins-good";
  return {};
}

// ---- server --------------------------------------------------------------------------------------------------------

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

/// gst-rtsp-server 1.22 closes who can't be sent to by an idle call that holds no reference: it may come when the
/// client is gone. So each one is held for a moment longer.
void hold_for_a_moment(GstRTSPClient* client, gpointer data) {
  auto& parts = *static_cast<RtspServer::Parts*>(data);
  GSource* later = g_timeout_source_new(kMoment_ms);
  g_source_set_callback(
      later,
      [](gpointer server) -> gboolean {
        static_cast<RtspServer::Parts*>(server)->held.erase(g_main_current_source());
        return G_SOURCE_REMOVE;
      },
      &parts, nullptr);
  g_source_attach(later, parts.context);
  parts.held[later].reset(client);
  g_source_unref(later);
}

void welcome(GstRTSPServer*, GstRTSPClient* client, gpointer parts) {
  g_signal_connect(client, "play-request", G_CALLBACK(ask_for_key_frame), nullptr);
  g_signal_connect(g_object_ref(client), "closed", G_CALLBACK(hold_for_a_moment), parts);
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
  GstRTSPToken* token = gst_rtsp_token_new(GST_RTSP_TOKEN_MEDIA_FACTORY_ROLE, G_TYPE_STRING, kViewerRole, nullptr);
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
  g_signal_connect(server.get(), "client-connected", G_CALLBACK(welcome), this);
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
  listener = source;
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
    for (const auto& one : parts->held) g_source_destroy(one.first);
    parts->held.clear();
    g_main_context_pop_thread_default(parts->context);
  });
  begun.get_future().wait();  // a loop that is told to quit before it runs would run for ever
}

RtspServer::~RtspServer() {
  parts_->run([this] {
    g_source_destroy(parts_->listener);
    parts_->disconnect(nullptr);
    g_main_loop_quit(parts_->loop);
  });
  parts_->thread.join();
}

bool RtspServer::same_user(const RtspAddress& address) const {
  return parts_->user == address.user && parts_->password == address.password;
}

}  // namespace vireo::deployment

#else

namespace vireo::deployment {

struct RtspServer::Parts {};

std::string why_no_rtsp_server() {
  return "this build has no RTSP server; install libgstrtspserver-1.0-dev and build again";
}

RtspServer::RtspServer(const RtspAddress&) { throw Error(ErrorCode::not_found, why_no_rtsp_server()); }
RtspServer::~RtspServer() = default;
bool RtspServer::same_user(const RtspAddress&) const { return false; }

}  // namespace vireo::deployment

#endif
