// To be watched over RTSP, by whoever asks: a mount point on a server that streams of one port share. Files are served
// at their speed, live streams at once.

#include <gst/app/gstappsink.h>

#include "app/deployment/address.h"
#include "app/deployment/encoder.h"
#include "app/deployment/rtsp_server.h"
#include "app/deployment/sinks.h"
#include "engine/api/log.h"

namespace vireo::deployment {
namespace {

class Broadcast final : public Output {
 public:
  Broadcast(const config::SinkConfig& sink, const OutputContext& context, RtspAddress address)
      : Output(sink, context, 3),
        address_(std::move(address)),
        mount_(context.ledger->share<RtspMount>("rtsp mount " + address_.server() + address_.path,
                                                [&] { return std::make_shared<RtspMount>(address_.path); })) {}
  ~Broadcast() override { release(); }

 protected:
  void opening() override {
    mount_->open([this] { return server(); }, sink().properties);
    if (announced_) return;
    announced_ = true;
    log(LogLevel::info,
        "stream '" + context().stream + "' can be watched at rtsp://" + address_.server() + address_.path +
            (address_.host_given ? "" : " (on this machine; name a host, such as 0.0.0.0, for others)"));
    if (address_.host_given && address_.user.empty() && !address_.host.starts_with("127.") && address_.host != "::1" &&
        address_.host != "localhost")
      log(LogLevel::warning, "stream '" + context().stream + "': sink " + safe_address(sink().to) +
                                 ": everybody who reaches this machine can watch; rtsp://USER:PASSWORD@HOST:PORT/PATH "
                                 "asks for a password");
  }
  void build(GstBin* pipeline, GstElement* appsrc) override {
    GstElement* end = add_element(pipeline, "appsink");
    g_object_set(end, "sync", !context().live, "async", FALSE, "max-buffers", 1u, "enable-last-sample", FALSE, nullptr);
    accept_any_planes(end);
    GstAppSinkCallbacks callbacks{};
    callbacks.new_sample = [](GstAppSink* from, gpointer data) {
      auto& self = *static_cast<Broadcast*>(data);
      OwnedSample sample(gst_app_sink_pull_sample(from));
      if (sample) self.show(sample.get());
      return GST_FLOW_OK;
    };
    gst_app_sink_set_callbacks(GST_APP_SINK(end), &callbacks, this, nullptr);
    link(appsrc, end);
    try_properties(find_encoder().factory, sink().properties);
  }
  OwnedSample prepare(GstSample* sample, GstClockTime, GstClockTime) override {
    return OwnedSample(gst_sample_ref(sample));
  }
  [[nodiscard]] bool starts_with_slate() const override { return true; }
  void completed() override { mount_.reset(); }

 private:
  std::shared_ptr<RtspServer> server() {
    auto server = context().ledger->share<RtspServer>("rtsp server " + address_.server(),
                                                      [&] { return std::make_shared<RtspServer>(address_); });
    if (!server->same_user(address_))
      throw Error(ErrorCode::invalid_argument, "the port " + address_.port +
                                                   " is shared with a sink of another user or password; give all sinks "
                                                   "of a port the same, or this one another port");
    return server;
  }
  void show(GstSample* sample) {
    const GstClockTime running = gst_segment_to_running_time(gst_sample_get_segment(sample), GST_FORMAT_TIME,
                                                             GST_BUFFER_PTS(gst_sample_get_buffer(sample)));
    if (GST_CLOCK_TIME_IS_VALID(running)) count_dropped(mount_->push(sample, running));
  }

  const RtspAddress address_;
  std::shared_ptr<RtspMount> mount_;
  bool announced_ = false;
};

std::optional<SinkAddress> parse(const std::string& to) {
  if (!to.starts_with("rtsp://")) return std::nullopt;
  const std::size_t path = to.find('/', 7);
  SinkAddress address{to.substr(0, path), {}};
  if (path != std::string::npos) address.mount = to.substr(path);
  try {
    const RtspAddress parts = parse_rtsp(to);
    address.place = "rtsp://" + parts.server() + parts.path;
  } catch (const Error&) {  // create() says what is wrong
  }
  return address;
}

std::unique_ptr<Output> create(const config::SinkConfig& sink, const OutputContext& context) {
  RtspAddress address = parse_rtsp(sink.to);
  if (const std::string why = why_no_rtsp_server(); !why.empty())
    throw Error(ErrorCode::not_found, "sink '" + safe_address(sink.to) + "': " + why);
  return std::make_unique<Broadcast>(sink, context, std::move(address));
}

}  // namespace

extern const SinkRow kRtspSink;
const SinkRow kRtspSink{"rtsp://[HOST]:PORT/PATH", false, false, false, parse, create};

}  // namespace vireo::deployment
