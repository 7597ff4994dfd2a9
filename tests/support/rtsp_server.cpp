#include "tests/support/rtsp_server.h"

#include <arpa/inet.h>
#include <gst/app/gstappsink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <random>
#include <stdexcept>

namespace vireo::tests {

struct RtspServer::Client {
  RtspServer* server = nullptr;
  int socket = -1;
  std::mutex writing, playing;  ///< guard the socket; `media`
  GstElement* media = nullptr;
  std::thread thread;
  std::mt19937 noise{1};

  bool send(const void* data, std::size_t size) {
    std::lock_guard lock(writing);
    const auto* bytes = static_cast<const char*>(data);
    while (size > 0) {
      const ssize_t sent = ::send(socket, bytes, size, MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes += sent;
      size -= std::size_t(sent);
    }
    return true;
  }
  /// RFC 2326, 10.12: '$', channel, length, packet.
  GstFlowReturn send_packet(GstAppSink* sink) {
    GstSample* sample = gst_app_sink_pull_sample(sink);
    if (!sample) return GST_FLOW_EOS;
    GstMapInfo map;
    gst_buffer_map(gst_sample_get_buffer(sample), &map, GST_MAP_READ);
    std::string packet = {'$', '\0', char(map.size >> 8), char(map.size & 255)};
    packet.append(reinterpret_cast<const char*>(map.data), map.size);
    gst_buffer_unmap(gst_sample_get_buffer(sample), &map);
    gst_sample_unref(sample);
    if (server->stalled_) return GST_FLOW_OK;
    if (server->garbled_)
      for (std::size_t i = 4; i < packet.size(); ++i) packet[i] = char(noise() >> 24);
    return send(packet.data(), packet.size()) ? GST_FLOW_OK : GST_FLOW_EOS;
  }
  void play() {
    std::string text;
    {
      std::lock_guard lock(server->mutex_);
      text = server->options_.media;
    }
    std::lock_guard lock(playing);
    media = gst_parse_launch((text + " ! appsink name=out sync=false").c_str(), nullptr);
    GstElement* out = gst_bin_get_by_name(GST_BIN(media), "out");
    GstAppSinkCallbacks callbacks{};
    callbacks.new_sample = [](GstAppSink* sink, gpointer self) {
      return static_cast<Client*>(self)->send_packet(sink);
    };
    gst_app_sink_set_callbacks(GST_APP_SINK(out), &callbacks, this, nullptr);
    gst_object_unref(out);
    gst_element_set_state(media, GST_STATE_PLAYING);
  }
  void stop() {
    ::shutdown(socket, SHUT_RDWR);
    if (thread.joinable()) thread.join();
    if (media) {
      gst_element_set_state(media, GST_STATE_NULL);
      gst_object_unref(media);
    }
    ::close(socket);
  }
};

namespace {

std::string header(const std::string& request, const std::string& name) {
  const auto at = request.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const auto begin = at + name.size() + 4;
  return request.substr(begin, request.find("\r\n", begin) - begin);
}

}  // namespace

RtspServer::RtspServer() : RtspServer(Options()) {}

RtspServer::~RtspServer() { kill(); }

RtspServer::RtspServer(Options options) : options_(std::move(options)) { start(); }

void RtspServer::start() {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(std::uint16_t(port_));
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 8) != 0)
    throw std::runtime_error("the test's server can't listen");
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  running_ = true;
  accepting_ = std::thread([this] { accept_all(); });
}

void RtspServer::kill() {
  if (!running_.exchange(false)) return;
  ::shutdown(listener_, SHUT_RDWR);
  accepting_.join();
  ::close(listener_);
  for (const auto& client : clients_) client->stop();
  clients_.clear();
}

void RtspServer::change_size(const std::string& caps) {
  GstCaps* wanted = gst_caps_from_string(caps.c_str());
  std::lock_guard lock(mutex_);
  for (const auto& client : clients_) {
    std::lock_guard playing(client->playing);
    GstElement* size = client->media ? gst_bin_get_by_name(GST_BIN(client->media), "size") : nullptr;
    if (!size) continue;
    g_object_set(size, "caps", wanted, nullptr);
    gst_object_unref(size);
  }
  gst_caps_unref(wanted);
}

void RtspServer::set_media(const std::string& media) {
  std::lock_guard lock(mutex_);
  options_.media = media;
}

std::string RtspServer::url(const std::string& path, const std::string& credentials) const {
  return "rtsp://" + (credentials.empty() ? "" : credentials + "@") + "127.0.0.1:" + std::to_string(port_) + path;
}

void RtspServer::accept_all() {
  while (running_) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    auto client = std::make_unique<Client>();
    client->server = this;
    client->socket = socket;
    Client& one = *client;
    {
      std::lock_guard lock(mutex_);
      clients_.push_back(std::move(client));
    }
    one.thread = std::thread([this, &one] { serve(one); });
  }
}

void RtspServer::serve(Client& client) {
  std::string pending;
  char bytes[4096];
  for (;;) {
    while (pending.size() >= 4 && pending[0] == '$') {  // reports of the receiver
      const std::size_t size =
          4 + std::size_t(static_cast<unsigned char>(pending[2])) * 256 + static_cast<unsigned char>(pending[3]);
      if (pending.size() < size) break;
      pending.erase(0, size);
    }
    const auto end = pending.find("\r\n\r\n");
    if (!pending.empty() && pending[0] != '$' && end != std::string::npos) {
      const std::string reply = answer(client, pending.substr(0, end + 2));
      pending.erase(0, end + 4);
      if (!client.send(reply.data(), reply.size())) return;
      if (reply.find("X-Play") != std::string::npos) {
        ++plays_;
        client.play();
      }
      continue;
    }
    const ssize_t got = ::recv(client.socket, bytes, sizeof bytes, 0);
    if (got <= 0) return;
    pending.append(bytes, std::size_t(got));
  }
}

std::string RtspServer::answer(Client&, const std::string& request) {
  const std::string method = request.substr(0, request.find(' ')), cseq = header(request, "CSeq");
  const auto reply = [&](const std::string& status, const std::string& headers, const std::string& body = "") {
    return "RTSP/1.0 " + status + "\r\nCSeq: " + cseq + "\r\n" + headers +
           (body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n") + "\r\n" + body;
  };
  if (method == "OPTIONS")
    return reply("200 OK", "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER\r\n");
  if (!options_.user.empty()) {
    const std::string secret = options_.user + ":" + options_.password;
    gchar* encoded = g_base64_encode(reinterpret_cast<const guchar*>(secret.data()), secret.size());
    const bool known = header(request, "Authorization") == "Basic " + std::string(encoded);
    g_free(encoded);
    if (!known) return reply("401 Unauthorized", "WWW-Authenticate: Basic realm=\"camera\"\r\n");
  }
  const std::string line = request.substr(0, request.find("\r\n"));
  if (line.find("/live") == std::string::npos) return reply("404 Not Found", "");
  if (method == "DESCRIBE")
    return reply("200 OK", "Content-Type: application/sdp\r\nContent-Base: " + url() + "/\r\n",
                 "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=test\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\na=control:*\r\n"
                 "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\n"
                 "a=control:track0\r\n");
  if (method == "SETUP") {
    if (header(request, "Transport").find("TCP") == std::string::npos) return reply("461 Unsupported Transport", "");
    return reply("200 OK", "Session: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n");
  }
  if (method == "PLAY") return reply("200 OK", "Session: 1\r\nX-Play: now\r\n");
  return reply("200 OK", "Session: 1\r\n");
}

}  // namespace vireo::tests
