#include "plugins/draw/font.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace vireo::draw {
namespace {

constexpr int kFirst = 32, kLast = 126, kOversize = 8;
constexpr int kFace = cv::FONT_HERSHEY_SIMPLEX;
constexpr double kCapital = 21;  // of the face at scale 1

}  // namespace

Font::Font(int capital) : capital_(std::clamp(capital, 6, 96)) {
  const double scale = capital_ * kOversize / kCapital;
  const int stroke = std::max(kOversize, static_cast<int>(std::lround(capital_ * kOversize / 7.2)));
  ascent_ = capital_ + capital_ / 4 + 1;
  descent_ = capital_ / 3 + 1;
  margin_ = 1 + stroke / (2 * kOversize);
  rows_ = ascent_ + descent_;
  for (int c = kFirst; c <= kLast; ++c) {
    const char text[2] = {static_cast<char>(c), 0};
    int baseline = 0;
    const int wide = cv::getTextSize(text, kFace, scale, 1, &baseline).width;
    Glyph glyph;
    glyph.advance = static_cast<int>(std::lround((wide * 0.97 + stroke * 0.25) / kOversize));
    glyph.width = glyph.advance + 2 * margin_;
    glyph.offset = masks_.size();
    cv::Mat large(rows_ * kOversize, glyph.width * kOversize, CV_8U, cv::Scalar(0));
    cv::putText(large, text, {margin_ * kOversize, ascent_ * kOversize}, kFace, scale, cv::Scalar(255), stroke,
                cv::LINE_8);
    cv::Mat small;
    cv::resize(large, small, {glyph.width, rows_}, 0, 0, cv::INTER_AREA);
    for (int y = 0; y < rows_; ++y) masks_.insert(masks_.end(), small.ptr(y), small.ptr(y) + glyph.width);
    glyphs_.push_back(glyph);
  }
}

const Font::Glyph& Font::glyph(std::string_view text, std::size_t& at) const noexcept {
  const auto c = static_cast<unsigned char>(text[at++]);
  if (c >= 0x80)  // the rest of a UTF-8 character
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
  const bool known = c >= kFirst && c <= kLast;
  return glyphs_[known ? c - kFirst : static_cast<unsigned char>('?') - kFirst];
}

int Font::width(std::string_view text) const noexcept {
  int sum = 0;
  for (std::size_t at = 0; at < text.size();) sum += glyph(text, at).advance;
  return sum;
}

void Font::draw(Surface& surface, int x, int y, std::string_view text, const Ink& ink, int alpha) const noexcept {
  for (std::size_t at = 0; at < text.size() && x < surface.width();) {
    const Glyph& g = glyph(text, at);
    surface.mask(x - margin_, y - ascent_, g.width, rows_, &masks_[g.offset], g.width, ink, alpha);
    x += g.advance;
  }
}

}  // namespace vireo::draw
