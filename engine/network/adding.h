#pragma once
// One call of an adder, on its way: which layers it puts into the graph, under which names, and what becomes of what is
// wrong. Lives for the call.

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/network/notes.h"

namespace vireo::network {

using Ints = std::vector<std::int64_t>;
using Attribute = std::pair<std::string_view, AttributeValue>;

class Adding {
 public:
  /// `what`: what the adder adds, for errors.
  Adding(graph::Graph& graph, Notes& notes, std::string_view what, const std::string& name);

  /// Calls `make` unless an input failed before; outputs of a failed layer where it throws. `inputs` may be left out
  /// ones.
  Tensor one(const std::vector<Tensor>& inputs, const std::function<Tensor()>& make);
  std::vector<Tensor> several(const std::vector<Tensor>& inputs, std::size_t outputs,
                              const std::function<std::vector<Tensor>()>& make);

  // For `make`, which throws Error where something is wrong.

  /// A layer; `part`: what it does, where the adder adds several and this is not the last.
  Tensor put(std::string_view op, const std::vector<Tensor>& inputs, std::initializer_list<Attribute> attributes = {},
             std::string_view part = "");
  std::vector<Tensor> put_all(std::string_view op, const std::vector<Tensor>& inputs, graph::Attributes attributes,
                              int outputs, std::string_view part = "");
  Tensor unary(std::string_view function, Tensor x, std::string_view part = "");
  Tensor binary(std::string_view function, Tensor a, Tensor b, std::string_view part = "");
  /// Constants.
  Tensor integers(const Ints& values, std::string_view part);
  Tensor reals(const std::vector<double>& values, std::string_view part);  ///< float32
  Tensor scalar(DataType dtype, double value, std::string_view part);

  /// Outputs of a layer that failed.
  [[nodiscard]] std::vector<Tensor> failed(std::size_t outputs);

  [[nodiscard]] const graph::Tensor& of(Tensor tensor) const {
    require(tensor.id != graph::kNone, "an input is missing");
    return graph_.tensor(tensor.id);
  }
  [[nodiscard]] std::int64_t rank(Tensor tensor, std::string_view of_what) const;  ///< refuses an unknown one
  [[nodiscard]] DataType dtype(Tensor tensor) const { return of(tensor).dtype; }
  template <typename... Parts>
  [[noreturn]] void refuse(const Parts&... parts) const {
    base::fail(ErrorCode::invalid_argument, what_, " '", name_, "': ", parts...);
  }
  template <typename... Parts>
  void require(bool holds, const Parts&... parts) const {
    if (!holds) refuse(parts...);
  }
  [[nodiscard]] std::int64_t axis(std::int64_t axis, std::int64_t rank) const;  ///< [-rank, rank) → [0, rank)

 private:
  [[nodiscard]] bool ready(const std::vector<Tensor>& inputs);
  [[nodiscard]] std::string name_of(std::string_view part) const;

  graph::Graph& graph_;
  Notes& notes_;
  std::string_view what_;
  std::string name_;
};

[[nodiscard]] inline bool given(Tensor tensor) { return tensor.id != graph::kNone; }

}  // namespace vireo::network
