#include "plugins/decode/labels.h"

#include <charconv>
#include <filesystem>
#include <sstream>

#include "engine/api/error.h"
#include "engine/api/file.h"

namespace vireo::decode {
namespace {

constexpr std::size_t kMaxLabels = 65536;
constexpr std::uint64_t kMaxLabelBytes = 64 << 20;

constexpr std::string_view kCoco80[] = {
    "person",         "bicycle",    "car",           "motorcycle",    "airplane",     "bus",           "train",
    "truck",          "boat",       "traffic light", "fire hydrant",  "stop sign",    "parking meter", "bench",
    "bird",           "cat",        "dog",           "horse",         "sheep",        "cow",           "elephant",
    "bear",           "zebra",      "giraffe",       "backpack",      "umbrella",     "handbag",       "tie",
    "suitcase",       "frisbee",    "skis",          "snowboard",     "sports ball",  "kite",          "baseball bat",
    "baseball glove", "skateboard", "surfboard",     "tennis racket", "bottle",       "wine glass",    "cup",
    "fork",           "knife",      "spoon",         "bowl",          "banana",       "apple",         "sandwich",
    "orange",         "broccoli",   "carrot",        "hot dog",       "pizza",        "donut",         "cake",
    "chair",          "couch",      "potted plant",  "bed",           "dining table", "toilet",        "tv",
    "laptop",         "mouse",      "remote",        "keyboard",      "cell phone",   "microwave",     "oven",
    "toaster",        "sink",       "refrigerator",  "book",          "clock",        "vase",          "scissors",
    "teddy bear",     "hair drier", "toothbrush",
};

/// Metadata keys that hold class names, most telling first.
constexpr const char* kKeys[] = {"names",    "class_names", "classes",    "labels",     "label_names",
                                 "id2label", "categories",  "classNames", "class_list", "class_to_idx"};

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

void append_utf8(std::string& text, std::uint32_t code) {
  const auto tail = [&](int shift) { text += char(0x80 | ((code >> shift) & 0x3F)); };
  if (code < 0x80) {
    text += char(code);
  } else if (code < 0x800) {
    text += char(0xC0 | (code >> 6));
    tail(0);
  } else if (code < 0x10000) {
    text += char(0xE0 | (code >> 12));
    tail(6), tail(0);
  } else if (code < 0x110000) {
    text += char(0xF0 | (code >> 18));
    tail(12), tail(6), tail(0);
  }
}

/// Walks a Python or JSON literal: positions are never past the end.
class Literal {
 public:
  explicit Literal(std::string_view text) : text_(text) {}
  char peek() {
    constexpr std::string_view kBlank = " \n\t\r";
    while (at_ < text_.size() && kBlank.find(text_[at_]) != std::string_view::npos) ++at_;
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
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
        ++at_;
        escape(value);
      } else {
        value += text_[at_];
      }
    }
    return at_++ < text_.size();
  }
  bool number(std::size_t& value) {
    peek();
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    at_ = std::size_t(end - text_.data());
    return error == std::errc();
  }
  /// A name without quotes: a number, None, true.
  bool bare(std::string& value) {
    peek();
    value.clear();
    constexpr std::string_view kEnd = ",}]:{[ \n\t\r'\"";
    while (at_ < text_.size() && kEnd.find(text_[at_]) == std::string_view::npos) value += text_[at_++];
    return !value.empty();
  }

 private:
  /// What stands behind a backslash; position ends on its last character. An unknown one keeps its backslash.
  void escape(std::string& value) {
    switch (const char c = text_[at_]) {
      case 'n': value += '\n'; return;
      case 't': value += '\t'; return;
      case 'r': value += '\r'; return;
      case 'b': value += '\b'; return;
      case 'f': value += '\f'; return;
      case 'x': return code_point(value, 2);
      case 'u': return code_point(value, 4);
      case 'U': return code_point(value, 8);
      case '\\':
      case '\'':
      case '"':
      case '/': value += c; return;
      default: (value += '\\') += c;
    }
  }
  bool hex(std::size_t at, std::size_t digits, std::uint32_t& code) const {
    if (at + digits > text_.size()) return false;
    const auto [end, error] = std::from_chars(text_.data() + at, text_.data() + at + digits, code, 16);
    return error == std::errc() && end == text_.data() + at + digits;
  }
  void code_point(std::string& value, std::size_t digits) {
    std::uint32_t code = 0, low = 0;
    if (!hex(at_ + 1, digits, code)) {
      (value += '\\') += text_[at_];
      return;
    }
    at_ += digits;
    const bool high = digits == 4 && code >= 0xD800 && code < 0xDC00;  // JSON splits what is past U+FFFF
    if (high && text_.substr(at_ + 1, 2) == "\\u" && hex(at_ + 3, 4, low) && low >= 0xDC00 && low < 0xE000) {
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
      at_ += 6;
    }
    const bool half = code >= 0xD800 && code < 0xE000;
    append_utf8(value, half ? 0xFFFD : code);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::string_view without_mark(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return text;
}

std::vector<std::string> read_lines(const std::string& path) {
  std::string text;
  try {
    text = read_file(path, kMaxLabelBytes);
  } catch (const Error& error) {
    throw Error(error.code(), std::string("labels file: ") + error.what());
  }
  const std::string_view body = without_mark(text);
  if (auto names = parse_names(body); !names.empty()) return names;
  std::istringstream file{std::string(body)};
  std::vector<std::string> labels;
  for (std::string line; labels.size() < kMaxLabels && std::getline(file, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    labels.push_back(line);
  }
  while (!labels.empty() && labels.back().empty()) labels.pop_back();
  return labels;
}

/// A path rather than the one name of a model with one class.
bool looks_like_file(const std::string& text) {
  if (text.find_first_of(",'\"[{\n") != std::string::npos) return false;
  if (text.find('/') != std::string::npos) return true;
  for (const std::string_view ending : {".txt", ".names", ".json", ".labels", ".lst", ".csv", ".list"}) {
    if (text.ends_with(ending)) return true;
  }
  return false;
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
  Literal literal(without_mark(text));
  std::vector<std::string> names;
  const bool dict = literal.take('{');
  if (!dict && !literal.take('[')) return {};
  const char close = dict ? '}' : ']';
  bool quoted_any = false;
  while (!literal.take(close)) {
    std::size_t id = names.size();
    std::string key, name;
    bool inverse = false;  // {'person': 0}
    if (dict) {
      if (literal.string(key)) {  // JSON has "0": "person"
        const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
        inverse = error != std::errc() || end != key.data() + key.size();
      } else if (!literal.number(id)) {
        return {};
      }
      if (!literal.take(':')) return {};
    }
    if (inverse) {
      if (!literal.number(id)) return {};
      name = std::move(key);
    } else if (literal.string(name)) {
      quoted_any = true;
    } else if (!literal.bare(name)) {
      return {};
    } else if (name == "None" || name == "null") {
      name.clear();
    }
    if (id >= kMaxLabels) return {};
    if (names.size() <= id) names.resize(id + 1);
    names[id] = name;
    if (!literal.take(',') && literal.peek() != close) return {};
  }
  if (!dict && !quoted_any) return {};  // a list of numbers says which, not what
  return names;
}

std::vector<std::string> named_classes(const sdk::ModelDescription& description) {
  for (const char* key : kKeys) {
    const auto found = description.metadata.find(key);
    if (found == description.metadata.end()) continue;
    const std::string_view text = without_mark(found->second);
    auto names = parse_names(text);
    const bool literal = text.find_first_of("[{") == 0;
    if (names.empty() && !literal && std::string_view(key) != "names" && text.find(',') != std::string_view::npos) {
      names = sdk::Params{{key, std::string(text)}}.list(key);
    }
    if (!names.empty()) return names;
  }
  return {};
}

namespace {

std::vector<std::string> given_labels(const sdk::Params& params, int class_count) {
  const std::string given = params.text("labels");
  if (given == "coco80") return coco_strings();
  if (given == "imagenet") return imagenet_strings(class_count == 1001);
  if (given.starts_with("file:")) return read_lines(given.substr(5));
  std::error_code ignored;
  if (looks_like_file(given) || std::filesystem::is_regular_file(given, ignored)) return read_lines(given);
  if (given.starts_with('[') || given.starts_with('{')) {
    auto names = parse_names(given);
    if (names.empty()) {
      throw Error(ErrorCode::invalid_argument,
                  "option 'labels': found '" + given + "', accepted are a list ['a', 'b'] or a dictionary {0: 'a'}");
    }
    return names;
  }
  return params.list("labels");
}

}  // namespace

std::vector<std::string> choose_labels(const sdk::ModelDescription& description, const sdk::Params& params,
                                       int class_count) {
  if (params.has("labels")) return given_labels(params, class_count);
  if (auto names = named_classes(description); !names.empty()) return names;
  if (class_count == 80) return coco_strings();
  if (class_count == 1000 || class_count == 1001) return imagenet_strings(class_count == 1001);
  return {};
}

}  // namespace vireo::decode
