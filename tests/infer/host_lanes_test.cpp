// Lanes on the CPU: by all workers or by half of them beside each other, the values are the same.

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <thread>

#include "plugins/infer/engine_backend.h"
#include "tests/runtime/networks.h"

namespace vireo::infer {
namespace {

using Rule = HostSharing::Rule;

/// Some convolutions that are worth sharing, of an open batch.
Network convolutions() {
  Network network;
  std::mt19937 random(5);
  std::normal_distribution<float> normal(0, 0.1f);
  const auto weights = [&](const char* name, const Dims& dims) {
    std::vector<float> values(std::size_t(element_count(dims)));
    for (float& value : values) value = normal(random);
    return network.add_constant(name, DataType::float32, dims, values.data(), values.size() * 4);
  };
  auto x = network.add_input("image", DataType::float32, {kUnknown, 3, 64, 96});
  x = network.add_convolution(x, weights("a", {24, 3, 3, 3}), {}, {.strides = {2, 2}, .pads = {1, 1, 1, 1}});
  x = network.add_convolution(x, weights("b", {40, 24, 3, 3}), {}, {.pads = {1, 1, 1, 1}});
  x = network.add_convolution(x, weights("c", {8, 40, 1, 1}), {}, {});
  network.mark_output(x, "y");
  return network;
}

class HostLanes : public testing::Test {
 protected:
  HostLanes() {
    network_.spec.name = "image";
    network_.spec.width = 96;
    network_.spec.height = 64;
    network_.inputs = engine_->inputs();
    network_.outputs = engine_->outputs();
    network_.open_batch = true;
    network_.batch = 2;
  }
  /// What the lane makes of images `first` and so on.
  std::vector<float> run(Lane& lane, int first, int count) {
    for (int i = 0; i < count; ++i) {
      std::mt19937 random(unsigned(first + i));
      auto* to = static_cast<float*>(lane.memory(i));
      std::generate_n(to, 3 * 64 * 96, [&] { return float(random() % 256) / 256; });
    }
    EXPECT_TRUE(lane.run(count).ok());
    std::vector<float> all;
    for (int i = 0; i < count; ++i) {
      const sdk::TensorView view = lane.outputs(i).at(0);
      all.insert(all.end(), view.as<float>(), view.as<float>() + element_count(view.dims));
    }
    return all;
  }

  std::shared_ptr<Engine> engine_ = Engine::load(
      testing_networks::quick_plan(convolutions(), {{{"image", {1, 3, 64, 96}, {1, 3, 64, 96}, {2, 3, 64, 96}}}}), {},
      {.threads = 2});
  LaneNetwork network_;
};

TEST_F(HostLanes, GiveTheSameWhetherTheyRunWholeApartOrAsItComes) {
  HostSharing sharing;
  const auto alone = make_host_lane(network_, *engine_, sharing, false);
  std::vector<std::vector<float>> wanted;
  for (int i = 0; i < 12; ++i) wanted.push_back(run(*alone, i, 1 + i % 2));
  for (const Rule rule : {Rule::whole, Rule::apart, Rule::busy}) {
    sharing.rule = rule;
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&, t] {
        const auto lane = make_host_lane(network_, *engine_, sharing, true);
        for (int round = 0; round < 30; ++round) {
          const int i = (round + 5 * t) % 12;
          EXPECT_EQ(run(*lane, i, 1 + i % 2), wanted[std::size_t(i)]);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(sharing.running, 0);
  }
}

TEST_F(HostLanes, WriteTheSameInputByTheEnginesWorkers) {
  HostSharing sharing;
  const auto lane = make_host_lane(network_, *engine_, sharing, true);
  std::vector<std::uint8_t> pixels(200 * 120 * 3);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = std::uint8_t(i * 7);
  sdk::Image image;
  image.width = 200, image.height = 120;
  image.planes[0] = {pixels.data(), 600};
  preprocess::Preprocessor preprocessor(network_.spec);
  std::vector<float> wanted(network_.spec.image_bytes() / sizeof(float));
  preprocessor.run(image, wanted.data());
  const auto is_wanted = [&] {
    const Canvas canvas = lane->canvas(1);
    preprocessor.run(image, canvas.memory, canvas.parallel, canvas.padding);
    return std::equal(wanted.begin(), wanted.end(), static_cast<const float*>(canvas.memory));
  };
  EXPECT_TRUE(is_wanted());
  EXPECT_TRUE(is_wanted());
  std::fill_n(static_cast<float*>(lane->memory(1)), wanted.size(), 7.0f);  // by somebody else, around the picture, too
  EXPECT_TRUE(is_wanted());
}

}  // namespace
}  // namespace vireo::infer
