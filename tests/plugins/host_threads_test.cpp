// What belongs to the host program and is not ours to change: OpenCV's number of threads.

#include <gtest/gtest.h>

#include <opencv2/core.hpp>
#include <vector>

#include "plugins/preprocess/preprocess.h"

namespace vireo::preprocess {
namespace {

TEST(Preprocess, LeavesTheHostsOpenCvThreadsAlone) {
  cv::setNumThreads(3);
  sdk::InputSpec spec;
  spec.width = 64, spec.height = 64;
  const std::vector<std::uint8_t> pixels(std::size_t(320 * 240 * 3), 100);
  sdk::Image image;
  image.width = 320, image.height = 240;
  image.planes[0] = {pixels.data(), 320 * 3};
  std::vector<float> input(std::size_t(3 * 64 * 64));
  (void)Preprocessor(spec).run(image, input.data());
  EXPECT_EQ(cv::getNumThreads(), 3);
}

}  // namespace
}  // namespace vireo::preprocess
