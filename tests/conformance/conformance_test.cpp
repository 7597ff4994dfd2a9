// The ONNX project's own backend tests: truth that is not ours. Each is imported and computed twice: by the references
// alone, and as a user would, built, loaded and run in a context. Skipped where the archive is missing. A test that is
// refused must be in refused.txt (refused_by_engine.txt: what only the engine refuses), and one that is there must be
// refused still.
//   VIREO_NODE_TEST=softmax         only tests whose name holds that; says all there is to say of them
//   VIREO_CONFORMANCE_LINES=1       a line for each test
//   VIREO_CONFORMANCE_WRITE=1       writes the lists anew
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "engine/api/builder.h"
#include "engine/api/engine.h"
#include "engine/api/network.h"
#include "engine/api/tensor_file.h"
#include "engine/api/text.h"
#include "engine/base/text.h"
#include "engine/graph/evaluate.h"
#include "engine/graph/graph.h"
#include "engine/ops/shared/reference.h"
#include "tests/conformance/refused.h"
#include "tests/conformance/sequence_files.h"

namespace vireo {
namespace {

namespace fs = std::filesystem;
using graph::ConstantPtr;
using Values = std::vector<ConstantPtr>;

constexpr std::array kFamilies{"node", "pytorch-converted", "pytorch-operator", "simple"};

/// The archive's data folder, unpacked once into the build tree; empty when there is no archive.
fs::path data_folder() {
  const fs::path archive = fs::path(VIREO_SOURCE_DIR) / "../shared/assets/conformance/onnx-1.22.0-backend-tests.tar.xz";
  const fs::path place = fs::path(VIREO_BINARY_DIR) / "onnx-node-tests", done = place / "unpacked";
  if (!fs::exists(archive)) return {};
  if (!fs::exists(done)) {
    fs::create_directories(place);
    const std::string command = "tar xJf '" + archive.string() + "' -C '" + place.string() + "'";
    if (std::system(command.c_str()) != 0) return {};
    std::ofstream(done) << "\n";
  }
  for (const auto& entry : fs::recursive_directory_iterator(place))
    if (entry.is_directory() && entry.path().filename() == "node") return entry.path().parent_path();
  return {};
}

ConstantPtr read(const fs::path& path, const std::string& sequence) {
  if (!sequence.empty()) return testing::read_packed(path, sequence);
  const HostTensor tensor = read_tensor(path);
  return graph::make_constant(tensor.dtype, tensor.dims, tensor.data.data(), tensor.data.size());
}

/// What the network says of inputs or outputs that are sequences or optionals; empty for tensors.
std::vector<std::string> sequences_of(const Network& network, const std::vector<TensorInfo>& tensors) {
  std::vector<std::string> kinds;
  for (const TensorInfo& tensor : tensors) {
    const auto kind = network.metadata().find("onnx.sequence." + tensor.name);
    kinds.push_back(kind == network.metadata().end() ? std::string() : kind->second);
  }
  return kinds;
}

/// The values of one data set, `input_0.pb` and so on, sequences packed as networks take them.
Values read_values(const fs::path& data, const char* what, const std::vector<std::string>& sequences) {
  Values values;
  for (std::size_t k = 0; k < sequences.size(); ++k) {
    const fs::path file = data / base::str(what, "_", k, ".pb");
    values.push_back(fs::exists(file) ? read(file, sequences[k]) : nullptr);
  }
  return values;
}

/// Results that a random generator decides: only their type and extents can be right.
bool is_random(const std::string& name) {
  if (name.starts_with("test_training_dropout")) return name.find("zero_ratio") == std::string::npos;
  for (const char* part : {"bernoulli", "randomnormal", "randomuniform", "multinomial"})
    if (name.find(part) != std::string::npos) return true;
  return false;
}

std::string text_difference(const graph::Constant& found, const graph::Constant& expected) {
  for (std::int64_t i = 0; i < expected.count(); ++i) {
    const std::uint64_t a = found.as<std::uint64_t>()[i], b = expected.as<std::uint64_t>()[i];
    if (a != b) return base::str("element ", i, " is '", text_of(a), "', expected '", text_of(b), "'");
  }
  return {};
}

/// The tolerance of the ONNX project's own runner: a thousandth and 1e-7. What is expected of an inverse transform is
/// rounded worse than that where it should be 0.
double absolute_of(const std::string& name) { return name.starts_with("test_dft_inverse") ? 1e-6 : 1e-7; }

/// Types of less than 32 bits are compared to their precision.
std::string difference(const graph::Constant& found, const graph::Constant& expected, const std::string& name) {
  if (found.dtype != expected.dtype)
    return "type " + std::string(to_string(found.dtype)) + ", expected " + std::string(to_string(expected.dtype));
  if (found.dims != expected.dims) return "shape " + to_string(found.dims) + ", expected " + to_string(expected.dims);
  if (is_random(name)) return {};
  if (expected.dtype == DataType::string) return text_difference(found, expected);
  const auto values = [](const graph::Constant& c) {
    return c.count() == 0 ? std::vector<double>{}
                          : ops::to_doubles({c.dtype, c.dims, const_cast<std::byte*>(c.data.get())});
  };
  const std::vector<double> a = values(found), b = values(expected);
  const bool wide = expected.dtype == DataType::float32 || expected.dtype == DataType::float64;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]))) continue;
    const double limit = !is_float(expected.dtype) ? 0
                         : wide                    ? absolute_of(name) + 1e-3 * std::abs(b[i])
                                                   : 1e-2 * (1 + std::abs(b[i]));
    if (!(std::abs(a[i] - b[i]) <= limit)) return base::str("element ", i, " is ", a[i], ", expected ", b[i]);
  }
  return {};
}

std::string difference_of(const graph::Constant& found, const graph::Constant& expected, const std::string& name,
                          const std::string& sequence) {
  if (sequence.empty()) return difference(found, expected, name);
  const std::vector<SequenceItem> a = unpack_sequence(found.read(), found.bytes()),
                                  b = unpack_sequence(expected.read(), expected.bytes());
  if (a.size() != b.size()) return base::str(a.size(), " tensors, expected ", b.size());
  const auto constant_of = [](const SequenceItem& item) {
    return graph::make_constant(item.dtype, item.dims, item.data, byte_count(item.dtype, item.dims));
  };
  const std::string inner = sequence.starts_with("optional sequence") ? sequence.substr(9) : "";
  for (std::size_t i = 0; i < a.size(); ++i)
    if (const std::string why = difference_of(*constant_of(a[i]), *constant_of(b[i]), name, inner); !why.empty())
      return base::str("tensor ", i, ": ", why);
  return {};
}

Values by_references(const Network& network, const Values& inputs) {
  return graph::evaluate_graph(network.graph(), inputs);
}

/// As a program would: one context of an engine for all data sets.
class BuiltNetwork {
 public:
  explicit BuiltNetwork(const Network& network) {
    BuildOptions options;
    options.budget_s = 0;
    options.threads = 2;
    EngineOptions engine_options;
    engine_options.threads = 2;
    engine_ = Engine::load(build(network, options), {}, engine_options);
    context_ = engine_->create_context();
  }
  Values operator()(const Values& inputs) {
    const std::vector<TensorInfo> in = engine_->inputs(), out = engine_->outputs();
    for (std::size_t k = 0; k < in.size(); ++k)
      if (!is_static(in[k].dims)) context_->set_shape(in[k].name, inputs[k]->dims);
    for (std::size_t k = 0; k < in.size(); ++k) {
      if (inputs[k]->dtype != in[k].dtype)
        base::fail(ErrorCode::invalid_argument, "input '", in[k].name, "' takes ", in[k].dtype);
      const Buffer buffer = context_->allocate(in[k].name);
      buffer.write(inputs[k]->data.get(), inputs[k]->bytes());
    }
    for (const TensorInfo& output : out)
      if (is_static(context_->shape(output.name))) (void)context_->allocate(output.name);
    if (const Status status = context_->run(); !status.ok()) throw Error(status.code(), status.message());
    Values values;
    for (const TensorInfo& output : out) {
      const Dims dims = context_->shape(output.name);
      values.push_back(graph::make_constant(output.dtype, dims, context_->result(output.name).data(),
                                            byte_count(output.dtype, dims)));
    }
    return values;
  }

 private:
  std::shared_ptr<Engine> engine_;
  std::unique_ptr<Context> context_;
};

enum class How { references, engine };

/// Empty when every output of every data set is right. Throws what import, building and running throw.
std::string run(const fs::path& folder, How how) {
  const Network network = import_onnx(folder / "model.onnx");
  const std::vector<std::string> inputs = sequences_of(network, network.inputs()),
                                 outputs = sequences_of(network, network.outputs());
  std::unique_ptr<BuiltNetwork> built;
  if (how == How::engine) built = std::make_unique<BuiltNetwork>(network);
  for (int set = 0; fs::exists(folder / base::str("test_data_set_", set)); ++set) {
    const fs::path data = folder / base::str("test_data_set_", set);
    const Values given = read_values(data, "input", inputs), expected = read_values(data, "output", outputs);
    for (std::size_t k = 0; k < given.size(); ++k)
      if (!given[k]) base::fail(ErrorCode::invalid_argument, "there is no input_", k, ".pb");
    const Values found = built ? (*built)(given) : by_references(network, given);
    for (std::size_t k = 0; k < found.size(); ++k) {
      if (!expected[k]) continue;
      const std::string why = difference_of(*found[k], *expected[k], folder.filename().string(), outputs[k]);
      if (!why.empty()) return base::str("output ", k, ": ", why);
    }
  }
  return {};
}

struct Outcome {
  enum class Kind { right, refused, wrong } kind = Kind::right;
  std::string why;
};

Outcome try_one(const fs::path& folder, How how) {
  try {
    const std::string why = run(folder, how);
    if (why.empty()) return {};
    return {Outcome::Kind::wrong, why};
  } catch (const Error& error) {
    if (error.code() == ErrorCode::internal) return {Outcome::Kind::wrong, error.what()};
    return {Outcome::Kind::refused, error.what()};
  } catch (const std::exception& error) {
    return {Outcome::Kind::wrong, error.what()};
  }
}

std::map<std::string, fs::path> all_tests(const fs::path& root) {
  std::map<std::string, fs::path> tests;
  for (const char* family : kFamilies)
    for (const auto& entry : fs::directory_iterator(root / family))
      if (fs::exists(entry.path() / "model.onnx"))
        tests[base::str(family, "/", entry.path().filename().string())] = entry.path();
  return tests;
}

std::string list_path(const char* name) { return base::str(VIREO_SOURCE_DIR, "/tests/conformance/", name); }

void run_all(How how) {
  const fs::path root = data_folder();
  if (root.empty()) GTEST_SKIP() << "the archive of ONNX backend tests is not here";
  const char* filter = std::getenv("VIREO_NODE_TEST");
  const bool lines = filter || std::getenv("VIREO_CONFORMANCE_LINES");
  const bool write = !filter && std::getenv("VIREO_CONFORMANCE_WRITE");
  const testing::RefusedList refused(list_path("refused.txt")), by_engine(list_path("refused_by_engine.txt"));
  const auto listed = [&](const std::string& name) {
    return refused.has(name) || (how == How::engine && by_engine.has(name));
  };
  std::map<std::string, int> counts;
  std::map<std::string, std::string> found;
  const std::map<std::string, fs::path> tests = all_tests(root);
  for (const auto& [name, folder] : tests) {
    if (filter && name.find(filter) == std::string::npos) continue;
    const Outcome outcome = try_one(folder, how);
    const char* kind = outcome.kind == Outcome::Kind::right     ? "right"
                       : outcome.kind == Outcome::Kind::refused ? "refused"
                                                                : "WRONG";
    ++counts[kind];
    if (lines) std::printf("%s %s%s%s\n", kind, name.c_str(), outcome.why.empty() ? "" : ": ", outcome.why.c_str());
    if (outcome.kind == Outcome::Kind::wrong) ADD_FAILURE() << name << ": " << outcome.why;
    if (outcome.kind == Outcome::Kind::refused) found[name] = testing::reason_of(name, outcome.why);
    if (write) continue;
    if (outcome.kind == Outcome::Kind::refused && !listed(name))
      ADD_FAILURE() << name << " is refused and not in the list: " << outcome.why;
    if (outcome.kind == Outcome::Kind::right && listed(name))
      ADD_FAILURE() << name << " is right now: remove it from the list";
  }
  std::printf("%d right, %d refused, %d wrong\n", counts["right"], counts["refused"], counts["WRONG"]);
  if (!filter)
    for (const testing::RefusedList* list : {&refused, &by_engine})
      for (const auto& [name, reason] : list->reasons())
        EXPECT_TRUE(tests.contains(name)) << name << " is in the list of refused tests, and there is no such test";
  if (!write) return;
  if (how == How::references) return refused.write(found);
  std::erase_if(found, [&](const auto& entry) { return refused.has(entry.first); });
  by_engine.write(found);
}

TEST(Conformance, OfTheReferencesIsRightOrRefusedAsListed) { run_all(How::references); }

TEST(Conformance, OfTheEngineIsRightOrRefusedAsListed) { run_all(How::engine); }

}  // namespace
}  // namespace vireo
