#pragma once
// A function of the model, as its calls need it: prepared once, however often it is called.

#include <deque>
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

}  // namespace vireo::importer
