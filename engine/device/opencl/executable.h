#pragma once
// A segment on an OpenCL device: an arena, constants, and a kernel object for each launch, with every argument set that
// no run changes. Enqueueing one run sets the bindings that moved and hands the kernels to the driver, in order.

#include <memory>
#include <span>
#include <vector>

#include "engine/device/opencl/device.h"
#include "engine/device/opencl/plan_run.h"

namespace vireo::device::opencl {

class OpenclQueue;
class Faults;

class OpenclExecutable final : public Executable {
 public:
  /// Throws Error(out_of_memory | unsupported).
  OpenclExecutable(std::shared_ptr<OpenclDevice> device, std::shared_ptr<const Segment> segment,
                   const LoadOptions& options);
  ~OpenclExecutable() override;
  [[nodiscard]] const Segment& segment() const noexcept override { return *segment_; }
  [[nodiscard]] std::size_t arena_bytes() const noexcept override { return segment_->arena_bytes; }
  [[nodiscard]] std::span<const double> step_seconds() const noexcept override;
  void observe(Observer observer) override { observer_ = std::move(observer); }

  void enqueue(OpenclQueue& queue, std::span<const Region> bindings);

 private:
  /// Where a tensor of a step is: a memory object, or a binding to be looked up.
  struct Where {
    cl_mem object = nullptr;
    std::int32_t binding = -1;
    std::size_t offset = 0;
  };
  /// An argument, and the one behind it, that follow a binding.
  struct Follows {
    cl_uint argument = 0;
    std::int32_t binding = 0;
    std::size_t offset = 0;
  };
  struct Command {
    std::size_t step = 0;
    KernelHandle kernel;            ///< null: a copy of rows, or
    std::unique_ptr<PlanRun> plan;  ///< a plan kernel
    std::array<std::size_t, 3> global{1, 1, 1}, local{1, 1, 1};
    cl_uint axes = 1;  ///< of them that are more than 1
    std::vector<Follows> follows;
    Where from, to;  ///< of a copy
    std::size_t rows = 0, row_bytes = 0, pitch_bytes = 0;
  };

  /// A launch's own things on the device.
  struct Launched {
    std::vector<cl_mem> states;
    std::size_t first_map = 0, counters = 0;
  };

  [[nodiscard]] Where where(const Place& place) const;
  [[nodiscard]] Where where(const OpenclArgument& argument, std::size_t step, const Launched& own) const;
  void add_kernels(std::size_t step, const OpenclLaunch& launch);
  void add_kernel(std::size_t step, const OpenclKernel& described, const Launched& own);
  bool add_part(std::size_t step, const OpenclKernel& described, const Launched& own, bool first);
  void finish_plan();
  void compile(const LoadOptions& options);
  void set_arguments(Command& command, const OpenclKernel& described, const Launched& own);
  void add_copy(std::size_t step, const CopyLaunch& launch);
  void set_tensor(Command& command, cl_uint argument, const Where& where);
  [[nodiscard]] Where resolve(const Where& where, std::span<const Region> bindings) const;
  void bind(OpenclQueue& queue, std::span<const Region> bindings);
  [[nodiscard]] std::uint64_t address_of(cl_mem object);
  void place_map(const TensorMap& map, std::size_t step, const std::vector<cl_mem>& states);
  void put_map(const TensorMap& map, std::uint64_t address, std::size_t first);
  void write_maps();
  void tell(cl_command_queue queue, int step, std::span<const Region> bindings);
  void enqueue_timed(OpenclQueue& queue, std::span<const Region> bindings);
  /// `traced`: whoever keeps the times; null while profiling.
  void enqueue_commands(cl_command_queue queue, OpenclQueue* traced, std::span<const Region> bindings);

  std::shared_ptr<OpenclDevice> device_;
  std::shared_ptr<const Segment> segment_;
  bool profile_;
  std::unique_ptr<const Buffer> arena_;
  std::vector<std::shared_ptr<const Buffer>> constants_, states_;
  std::vector<std::shared_ptr<const Program>> programs_;
  std::vector<Command> commands_;
  /// Commands whose program is yet to be compiled.
  struct Pending {
    std::size_t command = 0;
    const OpenclKernel* kernel = nullptr;
    Launched own;
  };
  std::vector<Pending> pending_;
  /// Parts of the plan kernel in the making, with what they are if it stays a single one.
  std::vector<PlanPart> parts_;
  std::vector<Launched> launched_;
  int part_wave_ = -1;
  int passes_ = 0;  ///< that steps asked for since the last part
  /// Tensor maps of all commands, one after the other; those of bindings are written anew when the binding moves.
  struct BoundMap {
    TensorMap map;
    std::int32_t binding = 0;
    std::size_t offset = 0, at = 0;
  };
  std::vector<std::uint32_t> map_words_;
  std::vector<BoundMap> bound_maps_;
  std::unique_ptr<const Buffer> counters_;
  std::size_t counters_used_ = 0;  ///< bytes that were given to launches
  std::unique_ptr<const Buffer> maps_;
  std::shared_ptr<Faults> faults_;  ///< null where no kernel can find any
  std::map<cl_mem, std::uint64_t> addresses_;
  struct Bound {
    std::uint64_t number = 0;  ///< OpenclMemory::number()
    std::size_t offset = 0;
    cl_mem object = nullptr;
    friend bool operator==(const Bound&, const Bound&) = default;
  };
  std::vector<Bound> bound_;  ///< what the arguments that follow bindings are set to
  std::vector<char> moved_;   ///< by binding, in the run at hand
  Observer observer_;
  QueueHandle timed_;                ///< what runs the commands while profiling
  std::vector<EventHandle> events_;  ///< by command, of the last run; while profiling
  mutable std::vector<double> seconds_;
};

}  // namespace vireo::device::opencl
