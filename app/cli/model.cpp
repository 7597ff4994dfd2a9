#include "app/cli/model.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <random>
#include <sstream>

#include "engine/api/topology.h"

namespace vireo::cli {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

[[noreturn]] void fail(ErrorCode code, const std::string& message) { throw Error(code, message); }

Dims parse_dims(const std::string& text, const std::string& all) {
  Dims dims;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t stop = std::min(text.find('x', start), text.size());
    std::int64_t extent = -1;
    const auto result = std::from_chars(text.data() + start, text.data() + stop, extent);
    if (result.ec != std::errc() || result.ptr != text.data() + stop || extent < 0)
      fail(ErrorCode::invalid_argument, fmt::format("shapes '{}': '{}' is not like 1x3x224x224", all, text));
    dims.push_back(extent);
    start = stop + 1;
  }
  return dims;
}

/// "64MiB"; empty is 0. Throws Error.
std::uint64_t parse_bytes(const std::string& text) {
  if (text.empty()) return 0;
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string unit(result.ptr, text.data() + text.size());
  const std::map<std::string, double> kUnits{
      {"", 1},     {"B", 1},           {"K", 1024},         {"KB", 1e3}, {"KiB", 1024},        {"M", 1048576.0},
      {"MB", 1e6}, {"MiB", 1048576.0}, {"G", 1073741824.0}, {"GB", 1e9}, {"GiB", 1073741824.0}};
  const auto it = kUnits.find(unit);
  constexpr double kMost = 9e18;  // not for nan either
  if (result.ec != std::errc() || it == kUnits.end() || !(value >= 0 && value * it->second < kMost))
    fail(ErrorCode::invalid_argument, fmt::format("'{}' is not a size such as 512M or 1GiB", text));
  return static_cast<std::uint64_t>(value * it->second);
}

/// For the parser: what is wrong with a size, or nothing.
std::string refuse_bytes(const std::string& text) {
  try {
    (void)parse_bytes(text);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

/// The input that a shape without a name belongs to.
std::string only_input(const std::vector<TensorInfo>& inputs, const std::string& text) {
  if (inputs.size() == 1) return inputs[0].name;
  fail(ErrorCode::invalid_argument,
       fmt::format("shapes '{}' name no input, and the network has {}; write NAME:SHAPE", text, inputs.size()));
}

Profile parse_profile(const ModelFlags& f, const std::vector<TensorInfo>& inputs) {
  const auto named = [&](const std::string& text) {
    auto shapes = parse_shapes(text);
    if (auto it = shapes.find(""); it != shapes.end()) {
      Dims dims = it->second;
      shapes.erase(it);
      shapes[only_input(inputs, text)] = dims;
    }
    return shapes;
  };
  const std::string& opt_text = f.opt_shapes.empty() ? f.shapes : f.opt_shapes;
  const auto opt = named(opt_text), min = named(f.min_shapes), max = named(f.max_shapes);
  std::map<std::string, ShapeRange> ranges;
  for (const auto* part : {&min, &opt, &max})
    for (const auto& [name, dims] : *part) ranges[name].input = name;
  Profile profile;
  for (auto& [name, range] : ranges) {
    const auto pick = [&](const auto& first, const auto& second, const auto& third) {
      for (const auto* shapes : {&first, &second, &third})
        if (auto it = shapes->find(name); it != shapes->end()) return it->second;
      return Dims{};
    };
    range.min = pick(min, opt, max);
    range.opt = pick(opt, max, min);
    range.max = pick(max, opt, min);
    profile.push_back(range);
  }
  return profile;
}

Progress progress_bar(bool quiet) {
  if (quiet || !isatty(2)) return {};
  return [last = std::string()](std::string_view stage, double fraction) mutable {
    constexpr int kWidth = 30;
    const int filled = static_cast<int>(fraction * kWidth);
    std::string line =
        fmt::format("\r{:<16} [{}{}] {:3.0f}%", stage, std::string(static_cast<std::size_t>(filled), '='),
                    std::string(static_cast<std::size_t>(kWidth - filled), ' '), fraction * 100);
    if (line != last) std::fputs(line.c_str(), stderr), std::fflush(stderr);
    last = line;
    if (fraction >= 1) std::fputs("\r\033[K", stderr);
    return true;
  };
}

Plan build_plan(Network network, const ModelFlags& f) {
  BuildOptions options;
  if (!f.devices.empty()) options.devices = f.devices;
  options.precision = parse_precision(f);
  options.max_workspace = parse_bytes(f.workspace);
  options.budget_s = f.budget_s;
  options.timing_cache = f.timing_cache;
  options.exact = f.exact;
  options.keep_packed = f.keep_packed;
  options.strip = f.strip;
  options.disabled_passes = f.disabled_passes;
  options.threads = f.threads;
  options.limits = limits_of(f);
  if (!f.min_shapes.empty() || !f.opt_shapes.empty() || !f.max_shapes.empty() || !f.shapes.empty())
    options.profiles.push_back(parse_profile(f, network.inputs()));
  return build(std::move(network), options, progress_bar(f.quiet));
}

}  // namespace

Precision parse_precision(const ModelFlags& f) {
  if (f.best) return Precision::best;
  if (f.int8) return Precision::int8;
  if (f.fp16) return Precision::fp16;
  if (f.bf16) return Precision::bf16;
  for (Precision p : {Precision::fp32, Precision::fp16, Precision::bf16, Precision::int8, Precision::best})
    if (to_string(p) == f.precision) return p;
  fail(ErrorCode::invalid_argument,
       fmt::format("--precision '{}'; accepted: fp32, fp16, bf16, int8, best", f.precision));
}

Network import_model(const ModelFlags& f) {
  if (!f.random_weights) return import_onnx(std::filesystem::path(f.model), limits_of(f));
  Network network = import_onnx_topology(f.model, f.weights_seed, limits_of(f));
  const auto drawn = network.metadata().find("vireo.random_weights");
  if (!f.quiet)
    fmt::print(stderr, "{} weights drawn, seed {}\n", drawn == network.metadata().end() ? "0" : drawn->second,
               f.weights_seed);
  return network;
}

Limits limits_of(const ModelFlags& f) {
  Limits limits;
  if (!f.max_tensor.empty()) limits.max_tensor_bytes = parse_bytes(f.max_tensor);
  if (!f.max_memory.empty()) limits.max_memory_bytes = parse_bytes(f.max_memory);
  limits.max_seconds = f.max_seconds;
  return limits;
}

void add_model_flags(Command& c, ModelFlags& f) {
  c.option("MODEL,--onnx,--loadEngine", f.model, "ONNX model or Vireo plan").required();
  c.option("--device", f.devices,
           "device to run on (`vireo devices`), A|B: B where A can't be used; with build, one more to build for");
  c.option("--precision", f.precision,
           "fp32 | bf16 (cpu: products of bfloat16 where they are faster) | fp16 (OpenCL devices: tensors of float16); "
           "int8, best: not yet")
      .show_default();
  c.flag("--fp16", f.fp16, "same as --precision fp16");
  c.flag("--bf16", f.bf16, "same as --precision bf16");
  c.flag("--int8", f.int8, "same as --precision int8");
  c.flag("--best", f.best, "same as --precision best");
  c.option("--min-shapes,--minShapes", f.min_shapes, "smallest shapes of dynamic inputs, NAME:1x3x640x640,…");
  c.option("--opt-shapes,--optShapes", f.opt_shapes, "shapes to tune for");
  c.option("--max-shapes,--maxShapes", f.max_shapes, "largest shapes");
  c.option("--shapes", f.shapes, "shapes to run at (and to tune for, when --opt-shapes is not given)");
  c.option("--workspace", f.workspace, "limit of scratch memory a context may use, e.g. 64MiB; none by default")
      .check(refuse_bytes);
  c.option("--max-memory", f.max_memory,
           "most memory that a context of the model may ask for, e.g. 2GiB; 0: no limit; nine tenths of the machine's "
           "by default")
      .check(refuse_bytes);
  c.option("--max-tensor", f.max_tensor, "most bytes of one tensor; 0: no limit; 8GiB by default").check(refuse_bytes);
  c.option("--max-seconds", f.max_seconds, "give the build up after so long; 0: no limit")
      .show_default()
      .not_negative();
  c.option("--budget", f.budget_s, "seconds of tactic timing; 0 chooses by prediction").show_default().not_negative();
  c.option("--timing-cache,--timingCacheFile", f.timing_cache, "readable file of earlier timings, read and extended");
  c.flag("--exact", f.exact, "only kernels with the reference's arithmetic (no Winograd, no bf16)");
  c.option("--disable-pass", f.disabled_passes, "switch an optimisation off by its name (`vireo list passes`)");
  c.flag("--random-weights", f.random_weights,
         "draw the weights that the model has none for: external data that is missing, stripped initializers");
  c.option("--weights-seed", f.weights_seed, "what they are drawn from").show_default();
  c.option("--threads", f.threads, "workers of one inference; 0: all cores").show_default().between(0, 1024);
}

std::map<std::string, Dims> parse_shapes(const std::string& text) {
  std::map<std::string, Dims> shapes;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t stop = std::min(text.find(',', start), text.size());
    const std::string item = text.substr(start, stop - start);
    const std::size_t colon = item.rfind(':');  // names may hold colons themselves
    const std::string name = colon == std::string::npos ? "" : item.substr(0, colon);
    shapes[name] = parse_dims(colon == std::string::npos ? item : item.substr(colon + 1), text);
    start = stop + 1;
  }
  return shapes;
}

std::map<std::string, Dims> resolve_shapes(const std::vector<TensorInfo>& inputs, const std::string& text,
                                           const std::vector<Profile>& profiles) {
  auto given = parse_shapes(text);
  if (auto it = given.find(""); it != given.end()) {
    Dims dims = it->second;
    given.erase(it);
    given[only_input(inputs, text)] = dims;
  }
  std::map<std::string, Dims> shapes;
  for (const TensorInfo& input : inputs) {
    Dims dims = input.dims;
    if (auto it = given.find(input.name); it != given.end()) {
      dims = it->second;
      given.erase(it);
    } else if (!is_static(dims)) {
      for (const Profile& profile : profiles)
        for (const ShapeRange& range : profile)
          if (range.input == input.name && !is_static(dims)) dims = range.opt;
      if (!dims.empty() && dims[0] == kUnknown) dims[0] = 1;
      if (!is_static(dims))
        fail(ErrorCode::invalid_argument, fmt::format("input '{}' is dynamic ({}); give its shape: --shapes {}:…",
                                                      input.name, to_string(input.dims), input.name));
    }
    shapes[input.name] = dims;
  }
  if (!given.empty())
    fail(ErrorCode::not_found,
         fmt::format("--shapes names '{}', which is no input of the network", given.begin()->first));
  return shapes;
}

Outputs files_of(const ModelFlags& f) {
  Outputs files;
  files.read("the model", f.model);
  files.write("--timing-cache", f.timing_cache, OutputKind::replaced);
  return files;
}

Plan make_plan(const ModelFlags& f, Outputs files, double& build_s) {
  files.check();
  const auto start = std::chrono::steady_clock::now();
  if (Plan::is_plan(f.model)) return Plan::load(f.model);
  Network network = import_model(f);
  read_external_data(files, f.model, network);
  files.check();
  Plan plan = build_plan(std::move(network), f);
  build_s = seconds_since(start);
  return plan;
}

void print_sections(const Plan& plan) {
  fmt::print("weights {:.1f} MB\n", static_cast<double>(plan.weight_bytes()) / 1e6);
  for (const SectionInfo& s : plan.sections())
    fmt::print("section {} ({}): {}{}, {}, packed weights and programs {:.1f} MB\n", s.device, s.fingerprint,
               to_string(s.precision), s.exact ? " exact" : "",
               s.workers > 0
                   ? fmt::format("{} timings with {} thread{}", s.tactics, s.workers, s.workers == 1 ? "" : "s")
                   : std::string("nothing timed"),
               static_cast<double>(s.packed_bytes) / 1e6);
}

Loaded load_model(const ModelFlags& f, Outputs files) {
  files.check();
  Loaded loaded;
  ModelFlags flags = f;
  auto start = std::chrono::steady_clock::now();
  if (Plan::is_plan(f.model)) {
    loaded.plan = Plan::load(f.model);
  } else {
    Network network = import_model(f);
    read_external_data(files, f.model, network);
    files.check();
    // A dynamic model is tuned at the shapes it will run at.
    const auto inputs = network.inputs();
    const bool dynamic =
        std::any_of(inputs.begin(), inputs.end(), [](const TensorInfo& input) { return !is_static(input.dims); });
    if (dynamic && f.opt_shapes.empty() && f.min_shapes.empty() && f.max_shapes.empty() && f.shapes.empty())
      for (const auto& [name, dims] : resolve_shapes(inputs, ""))
        flags.shapes += (flags.shapes.empty() ? "" : ",") + name + ":" + to_string(dims);
    loaded.plan = build_plan(std::move(network), flags);
    loaded.build_s = seconds_since(start);
    start = std::chrono::steady_clock::now();
  }
  EngineOptions options;
  options.threads = f.threads;
  options.limits = limits_of(f);
  loaded.device = f.devices.empty() ? "cpu" : f.devices.front();
  loaded.engine = Engine::load(loaded.plan, Device{loaded.device}, options);
  std::vector<Profile> profiles;
  loaded.shapes =
      resolve_shapes(loaded.engine->inputs(), flags.shapes.empty() ? flags.opt_shapes : flags.shapes, profiles);
  loaded.load_s = seconds_since(start);
  return loaded;
}

std::unique_ptr<Context> make_context(Loaded& loaded, const ContextOptions& options,
                                      std::map<std::string, Buffer>* buffers, bool resident) {
  auto context = loaded.engine->create_context(options);
  for (const auto& [name, dims] : loaded.shapes) context->set_shape(name, dims);
  std::minstd_rand random(1);
  const auto allocate = [&](const std::string& name) {
    Buffer buffer = context->allocate(name);
    if (!resident) return buffer;
    Buffer inside = Buffer::on({loaded.device}, MemoryKind::device, buffer.bytes());
    context->bind(name, inside);
    return inside;
  };
  for (const TensorInfo& input : loaded.engine->inputs()) {
    Buffer buffer = allocate(input.name);
    if (input.dtype == DataType::float32) {
      std::vector<float> values(buffer.bytes() / sizeof(float));
      for (float& value : values) value = static_cast<float>(random() % 20001) * 1e-4f - 1.0f;
      buffer.write(values.data(), values.size() * sizeof(float));
    }
    if (buffers) (*buffers)[input.name] = buffer;
  }
  for (const TensorInfo& output : loaded.engine->outputs()) {
    if (!is_static(context->shape(output.name))) continue;  // depends on data: the engine keeps it
    Buffer buffer = allocate(output.name);
    if (buffers) (*buffers)[output.name] = buffer;
  }
  return context;
}

std::vector<std::filesystem::path> input_files(const std::string& folder) {
  std::vector<std::filesystem::path> files;
  for (int k = 0;; ++k) {
    std::filesystem::path path = std::filesystem::path(folder) / fmt::format("input_{}.pb", k);
    if (!std::filesystem::exists(path)) return files;
    files.push_back(std::move(path));
  }
}

std::vector<HostTensor> read_inputs(const std::string& folder) {
  std::vector<HostTensor> tensors;
  for (const std::filesystem::path& path : input_files(folder)) tensors.push_back(read_tensor(path));
  if (tensors.empty()) throw Error(ErrorCode::not_found, fmt::format("there is no input_0.pb in '{}'", folder));
  return tensors;
}

void check_inputs(const Engine& engine, const std::vector<HostTensor>& tensors, const std::string& folder) {
  const auto inputs = engine.inputs();
  if (tensors.size() != inputs.size())
    fail(ErrorCode::invalid_argument,
         fmt::format("the network has {} inputs, '{}' holds {}", inputs.size(), folder, tensors.size()));
  for (std::size_t k = 0; k < inputs.size(); ++k)
    if (tensors[k].dtype != inputs[k].dtype)
      fail(ErrorCode::invalid_argument, fmt::format("input '{}' is {}, input_{}.pb is {}", inputs[k].name,
                                                    to_string(inputs[k].dtype), k, to_string(tensors[k].dtype)));
}

}  // namespace vireo::cli
