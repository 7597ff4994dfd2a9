#include "plugins/decode/decoders.h"

#include <algorithm>

#include "engine/api/error.h"
#include "plugins/decode/families.h"
#include "plugins/decode/shared.h"

namespace vireo::decode {
namespace {

/// Below this a family does not take a model by itself.
constexpr double kLeastScore = 0.25;

/// The explicit table. A new family: one file, one line in families.h, one row here.
const sdk::DecoderRow* const kFamilies[] = {
    &kYunet,   &kRetinaface, &kBlazeface,   &kNanodet, &kFastestdet, &kYolox, &kYolov5,  &kYolov8,
    &kEnd2end, &kDetr,       &kScoresBoxes, &kSsd,     &kClassify,   &kDbnet, &kSegment,
};

std::string reasons(const std::vector<Candidate>& candidates) {
  std::string text;
  for (const auto& candidate : candidates) {
    text += "\n  " + std::string(candidate.row->name) + ": " + candidate.match.reason;
  }
  return text;
}

std::string shapes(const sdk::ModelDescription& description) {
  std::string text;
  for (const auto& output : description.outputs) text += (text.empty() ? "" : ", ") + to_string(output.dims);
  return text;
}

/// Which families would do, for a message.
std::string fitting(const std::vector<Candidate>& candidates) {
  std::string text;
  for (const auto& candidate : candidates) {
    if (candidate.match.score > 0) text += (text.empty() ? "" : ", ") + std::string(candidate.row->name);
  }
  return text.empty() ? "none of the others can; decoder=none leaves them raw"
                      : "accepted here are auto, none, " + text;
}

}  // namespace

std::span<const sdk::DecoderRow> decoders() {
  static const std::vector<sdk::DecoderRow> rows = [] {
    std::vector<sdk::DecoderRow> all;
    for (const auto* row : kFamilies) all.push_back(*row);
    return all;
  }();
  return rows;
}

Choice choose_decoder(const sdk::ModelDescription& description, std::string_view name) {
  Choice choice;
  const bool automatic = name.empty() || name == "auto";
  std::string names;
  for (const auto& row : decoders()) {
    choice.candidates.push_back({&row, row.match(description)});
    names += (names.empty() ? "" : ", ") + std::string(row.name);
    if (!automatic && row.name == name) {
      choice.row = &row;
      choice.match = choice.candidates.back().match;
    }
  }
  std::stable_sort(choice.candidates.begin(), choice.candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.match.score > b.match.score; });
  if (!automatic) {
    if (choice.row == nullptr) {
      throw Error(ErrorCode::not_found,
                  "decoder '" + std::string(name) + "' does not exist; accepted are auto, " + names);
    }
    if (choice.match.score <= 0) {
      throw Error(ErrorCode::unsupported, "decoder '" + std::string(name) + "' can't read this model's outputs (" +
                                              shapes(description) + "): " + choice.match.reason + "; " +
                                              fitting(choice.candidates));
    }
    return choice;
  }
  if (!takes_pictures(description)) {
    throw Error(ErrorCode::unsupported,
                "no decoder fits this model: none of its inputs takes a picture (four axes, 1 or 3 channels)");
  }
  const Candidate& best = choice.candidates.front();
  if (best.match.score < kLeastScore) {
    throw Error(ErrorCode::unsupported,
                "no decoder fits this model's outputs; name one with decoder=NAME if you know better." +
                    reasons(choice.candidates));
  }
  choice.row = best.row;
  choice.match = best.match;
  return choice;
}

std::unique_ptr<sdk::Decoder> create_decoder(const Choice& choice, const sdk::ModelDescription& description,
                                             const sdk::Params& params, std::span<const sdk::ParamRow> elsewhere) {
  const std::span<const sdk::ParamRow> tables[] = {common_params(), choice.row->params, elsewhere};
  params.check(tables);
  sdk::Params all = choice.match.settings;
  all.merge(params);
  return choice.row->create(description, all);
}

}  // namespace vireo::decode
