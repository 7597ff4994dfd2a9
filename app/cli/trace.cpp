#include "app/cli/trace.h"

#include <algorithm>
#include <exception>
#include <latch>
#include <limits>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

namespace vireo::cli {
namespace {

double now() { return std::chrono::duration<double>(Clock::now().time_since_epoch()).count(); }

/// Counts down once, whatever happens: the others wait for it.
class Start {
 public:
  explicit Start(std::latch& latch) : latch_(latch) {}
  Start(const Start&) = delete;
  Start& operator=(const Start&) = delete;
  ~Start() {
    if (!counted_) latch_.count_down();
  }
  void wait() {
    counted_ = true;
    latch_.arrive_and_wait();
  }

 private:
  std::latch& latch_;
  bool counted_ = false;
};

ContextTrace trace_one(Engine& engine, Context& context, int rounds, int queued, std::latch& all) {
  Start start(all);
  Stream stream = engine.create_stream();
  stream.trace();
  check(context.enqueue(stream));  // what is set up by the first run in a stream
  check(stream.synchronize());
  (void)stream.traced();
  ContextTrace trace;
  const auto call = [&](const char* name, const auto& made) {
    const double begun = now();
    check(made());
    trace.host.push_back({name, begun, now()});
  };
  start.wait();
  for (int round = 0; round < rounds; ++round) {
    for (int i = 0; i < queued; ++i) call("enqueue", [&] { return context.enqueue(stream); });
    call("wait", [&] { return stream.synchronize(); });
  }
  trace.device = stream.traced();
  return trace;
}

bool is_transfer(const StreamWork& work) {
  return work.kind == StreamWork::Kind::upload || work.kind == StreamWork::Kind::download;
}

using Interval = std::pair<double, double>;

/// Sorted, without overlaps.
std::vector<Interval> kernels_of_others(const std::vector<ContextTrace>& contexts, std::size_t own) {
  std::vector<Interval> all, joined;
  for (std::size_t i = 0; i < contexts.size(); ++i)
    for (const StreamWork& work : contexts[i].device)
      if (i != own && work.kind == StreamWork::Kind::kernel) all.emplace_back(work.started, work.ended);
  std::sort(all.begin(), all.end());
  for (const Interval& next : all) {
    if (joined.empty() || next.first > joined.back().second) joined.push_back(next);
    else joined.back().second = std::max(joined.back().second, next.second);
  }
  return joined;
}

const char* name_of(StreamWork::Kind kind) {
  switch (kind) {
    case StreamWork::Kind::upload: return "upload";
    case StreamWork::Kind::download: return "download";
    case StreamWork::Kind::copy: return "copy";
    case StreamWork::Kind::kernel: break;
  }
  return "kernel";
}

int row_of(StreamWork::Kind kind) {
  return kind == StreamWork::Kind::upload ? 0 : kind == StreamWork::Kind::download ? 2 : 1;
}

}  // namespace

std::vector<ContextTrace> drive_traced(Engine& engine, const std::vector<Context*>& contexts, int rounds, int queued) {
  std::vector<ContextTrace> traces(contexts.size());
  std::vector<std::exception_ptr> errors(contexts.size());
  std::latch all(static_cast<std::ptrdiff_t>(contexts.size()));
  const auto one = [&](std::size_t i) {
    try {
      traces[i] = trace_one(engine, *contexts[i], rounds, queued, all);
    } catch (...) {
      errors[i] = std::current_exception();
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < contexts.size(); ++i) threads.emplace_back(one, i);
  one(0);
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& error : errors)
    if (error) std::rethrow_exception(error);
  return traces;
}

Overlap overlap_of(const std::vector<ContextTrace>& contexts) {
  Overlap overlap;
  for (std::size_t i = 0; i < contexts.size(); ++i) {
    const std::vector<Interval> kernels = kernels_of_others(contexts, i);
    for (const StreamWork& work : contexts[i].device) {
      if (!is_transfer(work)) continue;
      overlap.transfers_s += work.ended - work.started;
      for (const auto& [begin, end] : kernels)
        overlap.beside_s += std::max(0.0, std::min(end, work.ended) - std::max(begin, work.started));
    }
  }
  return overlap;
}

nlohmann::json trace_events(const std::vector<ContextTrace>& contexts, const std::string& device) {
  constexpr int kRows = 3;
  static constexpr const char* kRowNames[kRows] = {"uploads", "kernels", "downloads"};
  double first = std::numeric_limits<double>::infinity();
  for (const ContextTrace& context : contexts) {
    for (const ContextTrace::Call& call : context.host) first = std::min(first, call.begun);
    for (const StreamWork& work : context.device) first = std::min(first, work.queued);
  }
  const auto micros = [&](double time) { return (time - first) * 1e6; };
  nlohmann::json events = nlohmann::json::array();
  const auto name = [&](const char* what, int process, int thread, const std::string& text) {
    events.push_back({{"ph", "M"}, {"name", what}, {"pid", process}, {"tid", thread}, {"args", {{"name", text}}}});
  };
  name("process_name", 0, 0, "host");
  name("process_name", 1, 0, device);
  for (std::size_t i = 0; i < contexts.size(); ++i) {
    const int host = static_cast<int>(i), rows = kRows * host;
    const std::string own = "context " + std::to_string(i);
    name("thread_name", 0, host, own);
    for (int row = 0; row < kRows; ++row) name("thread_name", 1, rows + row, own + " " + kRowNames[row]);
    for (const ContextTrace::Call& call : contexts[i].host)
      events.push_back({{"ph", "X"},
                        {"name", call.name},
                        {"cat", "host"},
                        {"pid", 0},
                        {"tid", host},
                        {"ts", micros(call.begun)},
                        {"dur", (call.ended - call.begun) * 1e6}});
    for (const StreamWork& work : contexts[i].device)
      events.push_back({{"ph", "X"},
                        {"name", work.name},
                        {"cat", name_of(work.kind)},
                        {"pid", 1},
                        {"tid", rows + row_of(work.kind)},
                        {"ts", micros(work.started)},
                        {"dur", (work.ended - work.started) * 1e6},
                        {"args", {{"queued", micros(work.queued)}, {"bytes", work.bytes}, {"context", i}}}});
  }
  return events;
}

void add_layers(nlohmann::json& events, Context& profiling, int inferences) {
  double now = 0;
  for (const nlohmann::json& event : events)
    if (event.contains("dur")) now = std::max(now, event["ts"].get<double>() + event["dur"].get<double>());
  const auto add = [&](int row, const std::string& name, double begun, double seconds, const nlohmann::json& about) {
    events.push_back({{"ph", "X"},
                      {"name", name},
                      {"cat", row == 0 ? "inference" : "layer"},
                      {"pid", 2},
                      {"tid", row},
                      {"ts", begun},
                      {"dur", seconds * 1e6},
                      {"args", about}});
  };
  events.push_back(
      {{"ph", "M"}, {"name", "process_name"}, {"pid", 2}, {"tid", 0}, {"args", {{"name", "layers, profiled"}}}});
  check(profiling.run());  // the first one touches memory
  for (int i = 0; i < inferences; ++i) {
    const auto start = Clock::now();
    check(profiling.run());
    const double seconds = seconds_since(start);
    add(0, "inference " + std::to_string(i), now, seconds, nlohmann::json::object());
    double layer = now;
    for (const LayerTime& t : profiling.profile()) {
      add(1, t.layer, layer, t.seconds, {{"op", t.op}, {"tactic", t.tactic}, {"flops", t.flops}, {"bytes", t.bytes}});
      layer += t.seconds * 1e6;
    }
    now = std::max(layer, now + seconds * 1e6);
  }
}

}  // namespace vireo::cli
