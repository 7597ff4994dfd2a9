#pragma once
// Running plans. An Engine is immutable and shared by any number of threads; a Context is one inference in flight; a
// Stream is an ordered queue of them. enqueue() returns at once; results are in the bound buffers when the stream (or
// an event recorded after the enqueue) is done.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/api/buffer.h"
#include "engine/api/device.h"
#include "engine/api/error.h"
#include "engine/api/export.h"
#include "engine/api/plan.h"
#include "engine/api/trace.h"

namespace vireo {

class Context;

/// A point in a stream. Copies share the point. Default-constructed events are done.
class VIREO_API Event {
 public:
  Event() noexcept = default;
  /// Blocks until the point is reached; returns the first error of the work before it since the last synchronisation.
  Status wait() const noexcept;
  [[nodiscard]] bool done() const noexcept;

  struct State;
  explicit Event(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}

 private:
  std::shared_ptr<State> state_;
};

/// An ordered queue of asynchronous work. Move-only; its destructor waits for what was enqueued.
class VIREO_API Stream {
 public:
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) noexcept;
  ~Stream();
  /// Blocks until everything enqueued before the call is done, whatever is enqueued meanwhile; returns the first error
  /// since the last call.
  Status synchronize() noexcept;
  [[nodiscard]] Event record();
  /// From now on the times of what the device does are kept, where its queues know them (OpenCL). That makes the work
  /// slower, and what is kept grows until traced(). Before anything is enqueued. Throws Error.
  void trace();
  /// What was kept since the last call, in the order in which it was enqueued; blocks until it is done. Throws Error.
  [[nodiscard]] std::vector<StreamWork> traced();

  struct State;
  explicit Stream(std::unique_ptr<State> state) noexcept;
  [[nodiscard]] State& state() noexcept { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

/// Seconds of one layer in the last profiled inference.
struct LayerTime {
  std::string layer;
  std::string op;
  std::string tactic;
  double seconds = 0;
  double flops = 0;  ///< arithmetic of the direct algorithm, a multiply-add counted as two
  double bytes = 0;  ///< inputs, weights and outputs, each once
};

struct EngineOptions {
  int threads = 0;  ///< workers that one inference uses; 0: all cores
  Limits limits;  ///< of what the plan may ask for; load(), or the first use of a shape, throws where it asks for more
  /// Where programs have to be compiled that the plan has not got: how many are made, of how many. Told several times a
  /// second by the thread that first uses a shape. Return false to cancel: what it called throws Error(cancelled), or
  /// returns that as its status.
  std::function<bool(std::size_t made, std::size_t of)> compiling = {};
};

struct ContextOptions {
  int threads = 0;       ///< 0: as the engine, sharing its workers; otherwise workers of its own
  bool profile = false;  ///< measure each step (a little slower)
  /// Workers of its own, one bound to each of these cores (the system's numbers, from 0): contexts with different cores
  /// don't disturb each other. Worker 0 is the thread that runs the inference, the caller of run() or the stream's; it
  /// is bound to the first core during the run and gets its former cores back after it, which costs about a microsecond
  /// unless it is bound to just that core already. Threads must be 0 or their number. create_context throws
  /// Error(invalid_argument) for a number named twice, or of a core that this process may not run on. Empty: the system
  /// decides.
  std::vector<int> cores;
};

/// What the engine will do, layer by layer, for `vireo inspect`.
struct LayerReport {
  std::string name, op, tactic, device, inputs, outputs;
  std::vector<std::string> refused;  ///< "tactic: why not"
  double flops = 0;
  double tuned_ms = 0;                                      ///< time measured at build; 0 when none
  std::vector<std::pair<std::string, double>> beside = {};  ///< other tactics timed then, in milliseconds
  std::uint64_t weight_bytes = 0;
  int workers = 0;  ///< how many share the work, where fewer than all were faster; 0: all
};

/// Why a convolution or pooling works on its layout, decided when the plan was built: the time of its best tactic, and
/// of the reorders of its own tensors, with either layout while all other layers keep theirs.
struct LayoutReport {
  struct Side {
    double kernel_ms = 0, reorders_ms = 0;
    bool measured = false;  ///< false: predicted, because measuring could not change the choice or the time was up
  };
  std::string layer, op;
  bool channels_last = true;  ///< the chosen layout; false: channels first
  Side first, last;
};

class VIREO_API Engine : public std::enable_shared_from_this<Engine> {
 public:
  [[nodiscard]] static std::shared_ptr<Engine> load(const std::filesystem::path& plan, const Device& device = {},
                                                    const EngineOptions& options = {});
  [[nodiscard]] static std::shared_ptr<Engine> load(const Plan& plan, const Device& device = {},
                                                    const EngineOptions& options = {});
  ~Engine();

  [[nodiscard]] std::vector<TensorInfo> inputs() const;
  [[nodiscard]] std::vector<TensorInfo> outputs() const;
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const;
  [[nodiscard]] std::unique_ptr<Context> create_context(const ContextOptions& options = {});
  [[nodiscard]] Stream create_stream();
  /// Layers as they will run at the given input shapes (empty: the plan's own or its profile's opt shapes).
  [[nodiscard]] std::vector<LayerReport> report(const std::map<std::string, Dims>& shapes = {});
  /// The choice of layout for each layer that has one. Empty when shapes were unknown at build.
  [[nodiscard]] const std::vector<LayoutReport>& layouts() const noexcept;
  [[nodiscard]] int threads() const noexcept;
  /// Calls body(0) … body(tiles - 1), each once, on the workers that the engine's contexts share, the calling thread
  /// among them, and returns when all have returned. Never beside an inference of these workers but before or after it,
  /// so what the host has to do for the next one takes none of the cores away on which this one counts. Bodies must not
  /// throw, nor use the engine.
  void run_on_workers(int tiles, const std::function<void(int)>& body) noexcept;

  struct State;
  explicit Engine(std::unique_ptr<State> state);
  [[nodiscard]] State& state() noexcept { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

/// One inference in flight: shapes, bindings, activations. Not for concurrent use by itself; use several. While a run
/// is in flight, shape(), result() and profile() may be called, also from another thread than the one that runs: they
/// describe the run that ended last, and wait for one in flight where they need its results.
///
/// One name, one buffer: an output may have an input's name, and is that input then; outputs of one name are one
/// tensor. bind(), allocate(), result() and shape() apply to all that have the name; the buffer bound to such an input
/// is the output, and the run does not change it.
class VIREO_API Context {
 public:
  ~Context();
  /// Gives a dynamic input its shape. Shapes are compiled on first use and cached in the engine: bind and enqueue
  /// follow at full speed. Throws Error when the name is unknown or the shape is impossible.
  void set_shape(std::string_view input, const Dims& dims);
  /// Shape of an input or output at the current input shapes. Throws when an input's shape is still unknown.
  [[nodiscard]] Dims shape(std::string_view tensor);
  /// Binds a buffer to an input or output (row-major, the tensor's dtype). Throws Error when it is too small. Rebinding
  /// between enqueues is cheap; a bound buffer must stay untouched until the enqueued work is done.
  void bind(std::string_view tensor, const Buffer& buffer);
  /// A buffer of the right size for the tensor at the current shapes, already bound, that the host sees: pinned memory
  /// of the engine's device, so that copies from and to it run by themselves, host memory on the CPU. Where inputs or
  /// outputs share the name and a buffer that is large enough is bound already, that one. Throws Error for outputs
  /// whose shape depends on data (shape() has kUnknown extents for them until the first run, [kUnknown] where even the
  /// rank does): those needn't be bound.
  Buffer allocate(std::string_view tensor);
  /// What the last run wrote into an output: the bound buffer, or, where the shape depends on data, a buffer of the
  /// engine that stays untouched by later runs; shape() tells its dims. Call when the run is known to be done.
  Buffer result(std::string_view tensor);
  /// Adds one inference to the stream; shapes and bindings are taken as they are now. Unbound tensors are an error.
  Status enqueue(Stream& stream) noexcept;
  /// enqueue + synchronize on a private stream.
  Status run() noexcept;
  [[nodiscard]] std::uint64_t arena_bytes();
  /// Times of the last inference; empty unless ContextOptions::profile.
  [[nodiscard]] std::vector<LayerTime> profile() const;

  struct State;
  explicit Context(std::unique_ptr<State> state);
  [[nodiscard]] State& state() noexcept { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

}  // namespace vireo
