// LeNet made layer by layer, built and run: reads pictures of handwritten digits and prints which they are.
//
//   lenet lenet.weights PICTURE.pgm…
//
// A picture is a binary PGM whose sides are multiples of 28: one digit, or a sheet of them, ink on paper of either
// colour. A line is printed for each row of digits: the file, then the digits.

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/api/builder.h"
#include "engine/api/engine.h"
#include "engine/api/half.h"
#include "engine/api/network.h"

namespace {

using vireo::DataType;
using vireo::Dims;
using vireo::Network;

constexpr std::int64_t kSize = 28, kDigits = 10;

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("can't read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The weights as train.py writes them: float16, tensor behind tensor, in the order in which they are taken.
class Weights {
 public:
  explicit Weights(const std::string& path) : path_(path) {
    const std::string bytes = read(path);
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
      const auto low = static_cast<std::uint8_t>(bytes[i]), high = static_cast<std::uint8_t>(bytes[i + 1]);
      values_.push_back(vireo::half_to_float(static_cast<std::uint16_t>(low | (high << 8))));
    }
  }
  /// The network borrows them: they must outlive its build.
  Network::Tensor take(Network& network, const std::string& name, const Dims& dims) {
    const auto count = static_cast<std::size_t>(vireo::element_count(dims));
    if (next_ + count > values_.size()) throw std::runtime_error(path_ + " ends before " + name);
    const float* data = values_.data() + next_;
    next_ += count;
    return network.borrow_constant(name, DataType::float32, dims, data, count * sizeof(float));
  }

 private:
  std::string path_;
  std::vector<float> values_;
  std::size_t next_ = 0;
};

/// ink [batch,1,28,28], 0 to 1 → chances [batch,10].
Network make_lenet(Weights& weights) {
  Network n;
  const auto relu = [&](Network::Tensor t) { return n.add_activation(t, Network::Activation::relu); };
  const auto half = [&](Network::Tensor t) { return n.add_pooling(t, {.window = {2, 2}, .strides = {2, 2}}); };
  const auto dense = [&](Network::Tensor t, const std::string& name, std::int64_t out, std::int64_t in) {
    const auto w = weights.take(n, name + ".w", {out, in}), b = weights.take(n, name + ".b", {out});
    return n.add_fully_connected(t, w, b, 1, name);
  };
  Network::Tensor x = n.add_input("ink", DataType::float32, {vireo::kUnknown, 1, kSize, kSize}, {"batch", "", "", ""});
  const auto w1 = weights.take(n, "conv1.w", {6, 1, 5, 5}), b1 = weights.take(n, "conv1.b", {6});
  x = half(relu(n.add_convolution(x, w1, b1, {.pads = {2, 2, 2, 2}}, "conv1")));
  const auto w2 = weights.take(n, "conv2.w", {16, 6, 5, 5}), b2 = weights.take(n, "conv2.b", {16});
  x = half(relu(n.add_convolution(x, w2, b2, {}, "conv2")));
  x = relu(dense(x, "fc1", 120, 16 * 5 * 5));
  x = relu(dense(x, "fc2", 84, 120));
  n.mark_output(n.add_softmax(dense(x, "fc3", kDigits, 84), 1, "chances"), "chances");
  return n;
}

struct Picture {
  std::int64_t width = 0, height = 0;
  std::vector<float> ink;  ///< 0 to 1
};

Picture read_pgm(const std::string& path) {
  const std::string bytes = read(path);
  Picture picture;
  std::int64_t most = 0;
  std::size_t at = 2;
  if (bytes.rfind("P5", 0) != 0) throw std::runtime_error(path + " is no binary PGM (P5)");
  for (std::int64_t* number : {&picture.width, &picture.height, &most}) {
    while (at < bytes.size() && (std::isspace(static_cast<unsigned char>(bytes[at])) || bytes[at] == '#'))
      at = bytes[at] == '#' ? std::min(bytes.find('\n', at), bytes.size()) : at + 1;
    while (at < bytes.size() && std::isdigit(static_cast<unsigned char>(bytes[at])) && *number < 100000)
      *number = 10 * *number + (bytes[at++] - '0');
  }
  ++at;
  if (picture.width <= 0 || picture.height <= 0 || picture.width % kSize || picture.height % kSize || most != 255)
    throw std::runtime_error(path + " is " + std::to_string(picture.width) + " by " + std::to_string(picture.height) +
                             "; accepted: multiples of 28, 8 bits");
  const auto count = static_cast<std::size_t>(picture.width * picture.height);
  if (bytes.size() < at + count) throw std::runtime_error(path + " is cut off");
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    picture.ink.push_back(static_cast<float>(static_cast<std::uint8_t>(bytes[at + i])) / 255);
    sum += picture.ink.back();
  }
  if (sum > 0.5 * static_cast<double>(count))  // more paper than ink: it is the paper that is light
    for (float& ink : picture.ink) ink = 1 - ink;
  return picture;
}

void classify(vireo::Context& context, const std::string& path) {
  const Picture picture = read_pgm(path);
  const std::int64_t columns = picture.width / kSize;
  context.set_shape("ink", {columns, 1, kSize, kSize});
  const vireo::Buffer ink = context.allocate("ink"), chances = context.allocate("chances");
  for (std::int64_t row = 0; row < picture.height; row += kSize) {
    for (std::int64_t i = 0; i < columns * kSize * kSize; ++i) {
      const std::int64_t cell = i / (kSize * kSize), y = i / kSize % kSize, x = i % kSize;
      ink.as<float>()[i] = picture.ink[static_cast<std::size_t>((row + y) * picture.width + cell * kSize + x)];
    }
    const vireo::Status status = context.run();
    if (!status.ok()) throw std::runtime_error(status.message());
    std::cout << path << ":";
    for (std::int64_t cell = 0; cell < columns; ++cell) {
      const float* first = chances.as<float>() + cell * kDigits;
      std::cout << ' ' << std::max_element(first, first + kDigits) - first;
    }
    std::cout << '\n';
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: lenet WEIGHTS PICTURE.pgm…\n";
    return 2;
  }
  try {
    Weights weights(argv[1]);
    vireo::BuildOptions options;
    options.budget_s = 1;
    options.profiles = {{{"ink", {1, 1, kSize, kSize}, {20, 1, kSize, kSize}, {64, 1, kSize, kSize}}}};
    const vireo::Plan plan = vireo::build(make_lenet(weights), options);
    const auto context = vireo::Engine::load(plan)->create_context();
    for (int i = 2; i < argc; ++i) classify(*context, argv[i]);
  } catch (const std::exception& error) {
    std::cerr << "lenet: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
