// The example that makes LeNet by hand reads digits that it was not trained on.

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

namespace vireo {
namespace {

const std::string kFolder = VIREO_SOURCE_DIR "/examples/lenet/";

/// A list of digits for each line that the program prints.
std::vector<std::vector<int>> read_digits(const std::string& picture) {
  const std::string command =
      std::string(VIREO_BINARY_DIR "/bin/lenet ") + kFolder + "lenet.weights " + picture + " 2>&1";
  std::string text;
  std::FILE* pipe = popen(command.c_str(), "r");
  if (!pipe) return {};
  for (int c = 0; (c = std::fgetc(pipe)) != EOF;) text += static_cast<char>(c);
  EXPECT_EQ(pclose(pipe), 0) << text;
  std::vector<std::vector<int>> rows;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line.substr(std::min(line.size(), line.find(": ") + 1)));
    rows.emplace_back();
    for (int digit = 0; words >> digit;) rows.back().push_back(digit);
  }
  return rows;
}

TEST(Lenet, reads_pictures_that_it_was_not_trained_on) {
  const auto rows = read_digits(kFolder + "digits.pgm");
  ASSERT_EQ(rows.size(), 10u);
  int right = 0, all = 0;
  for (std::size_t row = 0; row < rows.size(); ++row)
    for (const int digit : rows[row]) {
      ++all;
      right += digit == static_cast<int>(row);
    }
  EXPECT_EQ(all, 200);
  EXPECT_GE(right, 0.98 * all) << right << " of " << all;
}

TEST(Lenet, reads_what_others_wrote) {
  const std::string folder = VIREO_SOURCE_DIR "/../shared/assets/image/";
  if (!std::filesystem::exists(folder + "9.pgm")) GTEST_SKIP() << "without " << folder;
  for (const int digit : {1, 9})
    EXPECT_EQ(read_digits(folder + std::to_string(digit) + ".pgm"), (std::vector<std::vector<int>>{{digit}}));
}

TEST(Lenet, says_what_is_wrong_with_a_picture) {
  const std::string command =
      std::string(VIREO_BINARY_DIR "/bin/lenet ") + kFolder + "lenet.weights " + kFolder + "train.py > /dev/null 2>&1";
  EXPECT_NE(std::system(command.c_str()), 0);
}

}  // namespace
}  // namespace vireo
