#include "plugins/decode/labels.h"

#include <charconv>
#include <sstream>

#include "engine/api/error.h"
#include "engine/api/file.h"

namespace vireo::decode {
namespace {

constexpr std::size_t kMaxLabels = 65536;
constexpr std::uint64_t kMaxLabelBytes = 64 << 20;

constexpr std::string_view kCoco80[] = {
    "person",        "bicycle",      "car",           "motorcycle",    "airplane",     "bus",
    "train",         "truck",        "boat",          "traffic light", "fire hydrant", "stop sign",
    "parking meter", "bench",        "bird",          "cat",           "dog",          "horse",
    "sheep",         "cow",          "elephant",      "bear",          "zebra",        "giraffe",
    "backpack",      "umbrella",     "handbag",       "tie",           "suitcase",     "frisbee",
    "skis",          "snowboard",    "sports ball",   "kite",          "baseball bat", "baseball glove",
    "skateboard",    "surfboard",    "tennis racket", "bottle",        "wine glass",   "cup",
    "fork",          "knife",        "spoon",         "bowl",          "banana",       "apple",
    "sandwich",      "orange",       "broccoli",      "carrot",        "hot dog",      "pizza",
    "donut",         "cake",         "chair",         "couch",         "potted plant", "bed",
    "dining table",  "toilet",       "tv",            "laptop",        "mouse",        "remote",
    "keyboard",      "cell phone",   "microwave",     "oven",          "toaster",      "sink",
    "refrigerator",  "book",         "clock",         "vase",          "scissors",     "teddy bear",
    "hair drier",    "toothbrush",
};

/// Walks a Python or JSON literal: positions are never past the end.
class Literal {
 public:
  explicit Literal(std::string_view text) : text_(text) {}
  char peek() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  bool string(std::string& value) {
    const char quote = peek();
    if (quote != '\'' && quote != '"') return false;
    value.clear();
    for (++at_; at_ < text_.size() && text_[at_] != quote; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      value += text_[at_];
    }
    return at_++ < text_.size();
  }
  bool number(std::size_t& value) {
    peek();
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    at_ = std::size_t(end - text_.data());
    return error == std::errc();
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

std::vector<std::string> read_lines(const std::string& path) {
  std::string text;
  try {
    text = read_file(path, kMaxLabelBytes);
  } catch (const Error& error) {
    throw Error(error.code(), std::string("labels file: ") + error.what());
  }
  std::istringstream file(std::move(text));
  std::vector<std::string> labels;
  for (std::string line; labels.size() < kMaxLabels && std::getline(file, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    labels.push_back(line);
  }
  while (!labels.empty() && labels.back().empty()) labels.pop_back();
  return labels;
}

std::vector<std::string> coco_strings() { return {std::begin(kCoco80), std::end(kCoco80)}; }

std::vector<std::string> imagenet_strings(bool background) {
  std::vector<std::string> names;
  if (background) names.emplace_back("background");
  names.insert(names.end(), imagenet1000().begin(), imagenet1000().end());
  return names;
}

}  // namespace

std::span<const std::string_view> coco80() { return kCoco80; }

std::vector<std::string> parse_names(std::string_view text) {
  Literal literal(text);
  std::vector<std::string> names;
  const bool dict = literal.take('{');
  if (!dict && !literal.take('[')) return {};
  const char close = dict ? '}' : ']';
  while (!literal.take(close)) {
    std::size_t id = names.size();
    std::string name;
    if (dict) {
      std::string quoted;  // JSON has "0": "person"
      if (literal.string(quoted)) {
        const auto [end, error] = std::from_chars(quoted.data(), quoted.data() + quoted.size(), id);
        if (error != std::errc() || end != quoted.data() + quoted.size()) return {};
      } else if (!literal.number(id)) {
        return {};
      }
      if (!literal.take(':')) return {};
    }
    if (!literal.string(name) || id >= kMaxLabels) return {};
    if (names.size() <= id) names.resize(id + 1);
    names[id] = name;
    if (!literal.take(',') && literal.peek() != close) return {};
  }
  return names;
}

std::vector<std::string> choose_labels(const sdk::ModelDescription& description, const sdk::Params& params,
                                       int class_count) {
  if (params.has("labels")) {
    const std::string given = params.text("labels");
    if (given == "coco80") return coco_strings();
    if (given == "imagenet") return imagenet_strings(class_count == 1001);
    if (given.starts_with("file:")) return read_lines(given.substr(5));
    return params.list("labels");
  }
  for (const char* key : {"names", "classes", "labels"}) {
    const auto found = description.metadata.find(key);
    if (found == description.metadata.end()) continue;
    auto names = parse_names(found->second);
    if (names.empty() && std::string_view(key) != "names") names = sdk::Params{{key, found->second}}.list(key);
    const bool enough = class_count < 0 || names.size() >= std::size_t(class_count);
    if (!names.empty() && enough) return names;
  }
  if (class_count == 80) return coco_strings();
  if (class_count == 1000 || class_count == 1001) return imagenet_strings(class_count == 1001);
  return {};
}

}  // namespace vireo::decode
