#pragma once
// The insides of the RTSP server, for rtsp_server.cpp and rtsp_mount.cpp where the build has gst-rtsp-server.

#include <gst/rtsp-server/rtsp-server.h>

#include <future>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "app/deployment/rtsp_server.h"

namespace vireo::deployment {

struct ObjectUnref {
  void operator()(gpointer object) const noexcept { g_object_unref(object); }
};
template <typename T>
using Held = std::unique_ptr<T, ObjectUnref>;

/// Of whoever may watch where there is a password.
inline constexpr char kViewerRole[] = "viewer";

/// All requests are answered in one thread: a medium that is shared does not bear that one comes while another goes
/// (gst-rtsp-server 1.22 answers 503, or sends nothing). None waits long: see RtspMount::Parts::configure().
struct RtspServer::Parts {
  std::string user, password;
  Held<GstRTSPServer> server{gst_rtsp_server_new()};
  GSource* listener = nullptr;                   ///< borrowed from the context
  std::map<GSource*, Held<GstRTSPClient>> held;  ///< who has gone; used in the server's thread
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

}  // namespace vireo::deployment
