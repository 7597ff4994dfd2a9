#pragma once
// A function of the model, prepared once however often it is called, and which functions and branches are inside each
// other.

#include <deque>
#include <utility>
#include <vector>

#include "engine/import/onnx/builder.h"

namespace vireo::importer {

struct Function {
  const onnx::FunctionProto* proto = nullptr;
  Opsets opsets;
  std::deque<onnx::AttributeProto> defaults;  ///< of its attributes (FunctionProto.attribute_proto)
  std::int64_t size = -1;  ///< nodes, those of functions that it calls included; below 0: not counted yet
  bool ordered = false;
  std::vector<const onnx::NodeProto*> order;
  std::vector<bool> refers;  ///< for each of those: it refers to an attribute of the function
  NameSet read;

  /// Fills the three above.
  void put_in_order();
};

inline constexpr int kMaxDepth = 64;  ///< functions and branches inside each other
/// Branches and loops inside each other that are decided in a run: each level doubles the cost of quoting its names.
inline constexpr int kMaxQuoted = 8;

class Builder::Inside {
 public:
  Inside(Builder& builder, Scope& scope, std::string_view what);
  ~Inside() {
    builder_.scope_ = outer_;
    --builder_.depth_;
  }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

 private:
  Builder& builder_;
  Scope* outer_;
};

class Builder::Across {
 public:
  Across(Builder& builder, Boundary& boundary) : builder_(builder), boundary_(boundary) { swap(); }
  ~Across() { swap(); }
  Across(const Across&) = delete;
  Across& operator=(const Across&) = delete;

 private:
  void swap() { std::swap(builder_.graph_, boundary_.beyond); }
  Builder& builder_;
  Boundary& boundary_;
};

/// Puts the present node's name and tensors back, which the nodes of a body take for theirs.
class Builder::Naming {
 public:
  explicit Naming(Builder& builder) : builder_(builder), name_(builder.node_name_) {}
  ~Naming() {
    builder_.node_name_ = name_;
    builder_.first_fresh_ = builder_.graph_->tensor_count();  // the body's tensors keep their own names
    builder_.named_.clear();
  }
  Naming(const Naming&) = delete;
  Naming& operator=(const Naming&) = delete;

 private:
  Builder& builder_;
  const std::string name_;
};

}  // namespace vireo::importer
