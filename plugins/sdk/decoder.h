#pragma once
// The contract of decoders: a decoder turns a model's raw outputs for one image into detections, classes or maps in
// frame pixels. A family is one file with one row: `match` says from the model's structure alone how sure it is,
// `create` makes the decoder. A Decoder belongs to its creator and keeps scratch memory: one thread at a time.

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/api/network.h"
#include "plugins/sdk/detection.h"
#include "plugins/sdk/geometry.h"
#include "plugins/sdk/input_spec.h"
#include "plugins/sdk/params.h"
#include "plugins/sdk/tensor_view.h"

namespace vireo::sdk {

/// What is known of a model when its decoder is chosen. Shapes are those it will run at (concrete for one image;
/// kUnknown where the model itself decides at run time). Names are for messages; matching goes by structure, and by
/// names where an exporter's say more than that.
struct ModelDescription {
  std::vector<TensorInfo> inputs, outputs;
  std::map<std::string, std::string> metadata;
  /// For each output, in order, operator names found walking back from it, nearest first, a few hops deep and without
  /// crossing a convolution or matrix product; may be empty. Tells decoded boxes from raw ones.
  std::vector<std::vector<std::string>> output_tail;
};

/// How well a family fits a model.
struct Match {
  double score = 0;    ///< 0: impossible; 1: certain
  std::string reason;  ///< one sentence, also for 0
  Params settings;     ///< what the family read from the model; the user's params win over them
  InputStyle input;    ///< the family's usual input normalisation
};

/// What the first four values of a cell mean, and which of the boxes come to nothing beside better ones: greedy
/// suppression by score (class score times objectness), cells in their order where scores are equal. decode() on the
/// cells that remain gives what it gives on all.
struct CellBoxes {
  /// A grid of a raw head: centre = (cell + value) * stride, size = exp(value) * stride.
  struct Grid {
    std::int32_t first_cell = 0, columns = 1;
    float stride = 1;
  };
  std::array<Grid, 5> grids{};
  int grid_count = 0;              ///< 0: the values are centre and size already, which the scales bring to pixels
  float scale_x = 1, scale_y = 1;  ///< of decoded values
  float iou = 0.45f;               ///< boxes that overlap a better one by more go
  bool agnostic = false;           ///< also one of another class
  int most = 300;                  ///< boxes that are kept
  std::span<const char> wanted;    ///< classes, by number; empty: all. Borrowed until the next decode()
};

/// Of an output that has a row or a column for each of many cells: those that can come to something. Devices hand over
/// no others. A cell passes when one of its class scores, times its objectness where it has one, reaches `score`, and
/// so does the objectness itself.
struct CellFilter {
  bool columns = false;  ///< cells are columns of the last two axes, not rows
  int objectness = -1;   ///< which of a cell's values; -1: there is none
  int first_class = 4, classes = 1;
  float score = 0;
  bool alone = false;  ///< decode() looks at no other output
  /// Nothing: what suppresses needs all cells that pass.
  std::optional<CellBoxes> boxes{};
};

class Decoder {
 public:
  virtual ~Decoder() = default;
  /// What decode() needs of the first output next; nothing: all of it. It may be given all nevertheless, and results
  /// are the same. Called between two calls of decode(), also by another thread.
  [[nodiscard]] virtual std::optional<CellFilter> filter() const { return std::nullopt; }
  /// Adds what the outputs of one image mean to `result`, whose width and height are the frame's. `outputs` are in the
  /// model's order. Throws Error(invalid_argument) when shapes or types are not what the family takes.
  virtual void decode(std::span<const TensorView> outputs, const Geometry& geometry, FrameResult& result) = 0;
};

struct DecoderRow {
  std::string_view name, summary;
  Match (*match)(const ModelDescription& description);
  /// `params` are the match's settings with the user's on top. Throws Error when a value is not accepted.
  std::unique_ptr<Decoder> (*create)(const ModelDescription& description, const Params& params);
  std::span<const ParamRow> params;  ///< beyond the common ones
};

}  // namespace vireo::sdk
