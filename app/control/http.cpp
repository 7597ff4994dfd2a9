#include "app/control/http.h"

#include <netinet/in.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "app/control/timed_server.h"
#include "engine/api/error.h"

namespace vireo::control {
namespace {

constexpr int kConnections = 16;
constexpr std::size_t kMostBody = 1 << 20;
constexpr std::size_t kMostPath = 512;
constexpr Limits kLimits{.silence = std::chrono::seconds(5),
                         .request = std::chrono::seconds(10),
                         .answer = std::chrono::seconds(30),
                         .idle = std::chrono::seconds(5),
                         .requests = 100};

/// A thread for each connection, so many at most: the one that accepts waits, and further clients with it.
class Connections : public httplib::TaskQueue {
 public:
  Connections() {
    for (int i = 0; i < kConnections; ++i) threads_.emplace_back([this] { work(); });
  }
  void enqueue(std::function<void()> task) override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return busy_ + tasks_.size() < kConnections; });
    tasks_.push_back(std::move(task));
    changed_.notify_all();
  }
  void shutdown() override {
    {
      std::lock_guard lock(mutex_);
      ending_ = true;
      changed_.notify_all();
    }
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return ending_ || !tasks_.empty(); });
      if (tasks_.empty()) return;
      const std::function<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      ++busy_;
      lock.unlock();
      task();
      lock.lock();
      --busy_;
      changed_.notify_all();
    }
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  std::size_t busy_ = 0;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

/// What can't be taken, 0 where all is well. The library would read bodies without a stated length, and what packed
/// ones unpack to, into memory without end; it parses forms; and it matches paths by recursion.
int refusal(const httplib::Request& asked) {
  const bool has_body = asked.method == "PUT" || asked.method == "POST" || asked.method == "PATCH";
  if (asked.path.size() > kMostPath) return 414;
  if (asked.has_header("Transfer-Encoding") || (has_body && !asked.has_header("Content-Length"))) return 411;
  if (asked.has_header("Content-Encoding") || asked.is_multipart_form_data()) return 415;
  return 0;
}

const char* in_words(int status) {
  switch (status) {
    case 411: return "a body is sent with its Content-Length";
    case 413: return "the body is larger than 1 MiB";
    case 414: return "the address is too long";
    case 415: return "a body is JSON as it is, neither packed nor a form";
    default: return "this is no request that can be answered";
  }
}

void answer(const Handler& handler, const httplib::Request& asked, std::string body, httplib::Response& answered) {
  Request request;
  request.method = asked.method == "HEAD" ? "GET" : asked.method;
  request.path = asked.path;
  request.body = std::move(body);
  request.host = asked.get_header_value("Host");
  request.origin = asked.get_header_value("Origin");
  request.authorization = asked.get_header_value("Authorization");
  Response response = handler(request);
  answered.status = response.status;
  for (const auto& [name, value] : response.headers) answered.set_header(name, value);
  answered.set_content(std::move(response.body), response.type.c_str());
}

}  // namespace

struct HttpServer::State {
  TimedServer server{kLimits};
  int port = 0;
  std::thread thread;
  std::atomic<bool> over{false};
};

HttpServer::HttpServer(const std::string& host, int port, Handler handler) : state_(std::make_unique<State>()) {
  httplib::Server& server = state_->server;
  server.new_task_queue = [] { return new Connections; };  // the server takes it
  server.set_payload_max_length(kMostBody);
  // Says so in its answers; what holds are the limits above.
  server.set_keep_alive_timeout(std::chrono::duration_cast<std::chrono::seconds>(kLimits.idle).count());
  server.set_keep_alive_max_count(kLimits.requests);
  // Without SO_REUSEPORT, which would let another process of this user take half of the clients.
  server.set_socket_options([](socket_t socket) {
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  const auto plain = [handler](const httplib::Request& asked, httplib::Response& answered) {
    answer(handler, asked, {}, answered);
  };
  const auto with_body = [handler](const httplib::Request& asked, httplib::Response& answered,
                                   const httplib::ContentReader& read) {
    std::string body;
    const bool whole = read([&](const char* bytes, std::size_t count) {
      body.append(bytes, count);
      return body.size() <= kMostBody;
    });
    if (whole) answer(handler, asked, std::move(body), answered);
    else if (answered.status < 400) answered.status = 400;
  };
  const std::string any = "[^]*";
  server.Get(any, plain).Delete(any, plain).Options(any, plain);
  server.Put(any, with_body).Post(any, with_body).Patch(any, with_body);
  server.set_pre_routing_handler([](const httplib::Request& asked, httplib::Response& answered) {
    const int status = refusal(asked);
    if (status == 0) return httplib::Server::HandlerResponse::Unhandled;
    answered.status = status;
    return httplib::Server::HandlerResponse::Handled;
  });
  // What is refused here or by the library itself has no body yet.
  server.set_error_handler([](const httplib::Request&, httplib::Response& answered) {
    if (answered.body.empty())
      answered.set_content("{\"error\": {\"message\": \"" + std::string(in_words(answered.status)) + "\"}}\n",
                           "application/json");
  });
  state_->port = port == 0 ? server.bind_to_any_port(host) : server.bind_to_port(host, port) ? port : -1;
  if (state_->port <= 0)
    throw Error(ErrorCode::io, "control: " + host + ":" + std::to_string(port) +
                                   " can't be listened at; is it taken, or no address of this machine?");
  state_->thread = std::thread([this] {
    state_->server.listen_after_bind();
    state_->over = true;
  });
  while (!server.is_running() && !state_->over) std::this_thread::yield();  // stop() before that would be lost
}

HttpServer::~HttpServer() {
  state_->server.stop();
  state_->thread.join();
}

int HttpServer::port() const { return state_->port; }

}  // namespace vireo::control
