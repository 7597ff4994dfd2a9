#include "app/cli/measure.h"

#include <fmt/core.h>

#include <cstring>
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "engine/api/output_file.h"

namespace vireo::cli {
namespace {

Times drive_one(Engine& engine, Context& context, const Turn& turn) {
  Stream stream = engine.create_stream();
  Times times;
  const auto once = [&] {
    const auto begin = Clock::now();
    if (turn.queued <= 1) {
      check(context.run());
    } else {
      for (int i = 0; i < turn.queued; ++i) check(context.enqueue(stream));
      times.enqueue_us.push_back(seconds_since(begin) * 1e6 / turn.queued);
      check(stream.synchronize());
    }
    times.ms.push_back(seconds_since(begin) * 1e3 / turn.queued);
  };
  const auto warm = Clock::now();
  do once();
  while (seconds_since(warm) < turn.warmup_s);
  times = {};
  const auto start = Clock::now();
  const auto more = [&] {
    return turn.iterations > 0 ? static_cast<int>(times.ms.size()) < turn.iterations
                               : seconds_since(start) < turn.duration_s;
  };
  while (more()) once();
  return times;
}

}  // namespace

void check(const Status& status) {
  if (!status.ok()) throw Error(status.code(), status.message());
}

double percentile(const std::vector<double>& sorted, double p) {
  if (sorted.empty()) return 0;
  const double at = p * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<std::size_t>(at);
  const std::size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (sorted[high] - sorted[low]) * (at - static_cast<double>(low));
}

std::unique_ptr<Context> context_with_inputs(Loaded& loaded, const ContextOptions& options, const std::string& folder,
                                             bool resident) {
  std::map<std::string, Buffer> buffers;
  auto context = make_context(loaded, options, &buffers, resident);
  if (folder.empty()) return context;
  const std::vector<HostTensor> tensors = read_inputs(folder);
  check_inputs(*loaded.engine, tensors, folder);
  const auto inputs = loaded.engine->inputs();
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    const std::string& name = inputs[k].name;
    if (tensors[k].dims != context->shape(name))
      throw Error(ErrorCode::invalid_argument,
                  fmt::format("input '{}' runs at {}, input_{}.pb is {}", name, to_string(context->shape(name)), k,
                              to_string(tensors[k].dims)));
    if (!tensors[k].data.empty()) buffers.at(name).write(tensors[k].data.data(), tensors[k].data.size());
  }
  return context;
}

std::vector<Times> drive(Engine& engine, const std::vector<Context*>& contexts, const Turn& turn) {
  std::vector<Times> times(contexts.size());
  std::vector<std::exception_ptr> errors(contexts.size());
  const auto one = [&](std::size_t i) {
    try {
      times[i] = drive_one(engine, *contexts[i], turn);
    } catch (...) {
      errors[i] = std::current_exception();
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < contexts.size(); ++i) threads.emplace_back(one, i);
  one(0);
  for (std::thread& t : threads) t.join();
  for (const std::exception_ptr& error : errors)
    if (error) std::rethrow_exception(error);
  return times;
}

double images_of(const Loaded& loaded, Context& context) {
  const auto inputs = loaded.engine->inputs();
  if (inputs.empty()) return 1;
  const Dims dims = context.shape(inputs[0].name);
  return dims.size() > 1 ? static_cast<double>(dims[0]) : 1;
}

void write_json(const nlohmann::json& results, const std::string& file) {
  if (file == "-") std::cout << results.dump(2) << "\n";
  if (file.empty() || file == "-") return;
  write_file(file, results.dump(2) + "\n");
}

}  // namespace vireo::cli
