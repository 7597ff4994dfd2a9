#include "engine/import/onnx/node.h"

#include <onnx/onnx_pb.h>

#include "engine/base/text.h"
#include "engine/import/onnx/builder.h"
#include "engine/import/onnx/handlers.h"

namespace vireo::importer {
namespace {

using Type = onnx::AttributeProto;

/// Files of ir_version < 2 leave the type out; it follows from the field that is set.
int type_of(const Type& a) {
  if (a.type() != Type::UNDEFINED) return a.type();
  if (a.has_f()) return Type::FLOAT;
  if (a.has_i()) return Type::INT;
  if (a.has_s()) return Type::STRING;
  if (a.has_t()) return Type::TENSOR;
  if (a.has_g()) return Type::GRAPH;
  if (a.ints_size() > 0) return Type::INTS;
  if (a.floats_size() > 0) return Type::FLOATS;
  if (a.strings_size() > 0) return Type::STRINGS;
  return Type::UNDEFINED;
}

}  // namespace

DataType dtype_from_onnx(std::int64_t number) {
  const bool known = (number >= 1 && number <= 13) || (number >= 16 && number <= 26);
  return known ? static_cast<DataType>(number) : DataType::undefined;
}

std::string onnx_dtype_name(std::int64_t number) {
  const DataType dtype = dtype_from_onnx(number);
  if (dtype != DataType::undefined) return std::string(to_string(dtype));
  if (number == 14 || number == 15) return number == 14 ? "complex64" : "complex128";
  return base::str("number ", number);
}

const std::string& Node::op_type() const { return proto_.op_type(); }
int Node::output_count() const { return proto_.output_size(); }
const std::string& Node::proto_output(int index) const { return proto_.output(index); }

TensorId Node::optional(int index) const {
  return index < input_count() ? inputs_[static_cast<std::size_t>(index)] : kNone;
}

TensorId Node::input(int index) const {
  const TensorId tensor = optional(index);
  if (tensor == kNone) fail(base::str("input ", index, " is missing"));
  return tensor;
}

bool Node::wants_output(int index) const {
  return index < output_count() && !proto_.output(index).empty() &&
         builder_.scope().read->contains(proto_.output(index));
}

void Node::fail(const std::string& why) const { base::fail(ErrorCode::invalid_model, why); }

const onnx::AttributeProto* Node::find(std::string_view name) const {
  for (const onnx::AttributeProto& attribute : proto_.attribute())
    if (attribute.name() == name) return &attribute;
  return nullptr;
}

std::int64_t Node::integer(std::string_view name, std::int64_t fallback) const {
  const auto* attribute = find(name);
  if (attribute == nullptr) return fallback;
  require(type_of(*attribute) == Type::INT, base::str("attribute '", name, "' should be an integer"));
  return attribute->i();
}

double Node::real(std::string_view name, double fallback) const {
  const auto* attribute = find(name);
  if (attribute == nullptr) return fallback;
  if (type_of(*attribute) == Type::INT) return static_cast<double>(attribute->i());
  require(type_of(*attribute) == Type::FLOAT, base::str("attribute '", name, "' should be a number"));
  return attribute->f();
}

std::string Node::text(std::string_view name, std::string_view fallback) const {
  const auto* attribute = find(name);
  if (attribute == nullptr) return std::string(fallback);
  require(type_of(*attribute) == Type::STRING, base::str("attribute '", name, "' should be a text"));
  return attribute->s();
}

std::vector<std::int64_t> Node::integers(std::string_view name) const {
  const auto* attribute = find(name);
  if (attribute == nullptr) return {};
  const int type = type_of(*attribute);
  if (type == Type::INT) return {attribute->i()};
  require(type == Type::INTS || (type == Type::UNDEFINED),
          base::str("attribute '", name, "' should be a list of integers"));
  return {attribute->ints().begin(), attribute->ints().end()};
}

std::vector<double> Node::reals(std::string_view name) const {
  const auto* attribute = find(name);
  if (attribute == nullptr) return {};
  const int type = type_of(*attribute);
  if (type == Type::FLOAT) return {static_cast<double>(attribute->f())};
  require(type == Type::FLOATS || type == Type::UNDEFINED,
          base::str("attribute '", name, "' should be a list of numbers"));
  return {attribute->floats().begin(), attribute->floats().end()};
}

std::vector<std::string> Node::texts(std::string_view name) const {
  const auto* attribute = find(name);
  if (attribute == nullptr) return {};
  const int type = type_of(*attribute);
  require(type == Type::STRINGS || type == Type::UNDEFINED,
          base::str("attribute '", name, "' should be a list of texts"));
  return {attribute->strings().begin(), attribute->strings().end()};
}

ConstantPtr Node::tensor(std::string_view name) const {
  const auto* attribute = find(name);
  if (attribute == nullptr) return nullptr;
  require(type_of(*attribute) == Type::TENSOR, base::str("attribute '", name, "' should be a tensor"));
  return builder_.constant_of(attribute->t());
}

const onnx::GraphProto* Node::body(std::string_view name) const {
  const auto* attribute = find(name);
  if (attribute == nullptr) return nullptr;
  require(type_of(*attribute) == Type::GRAPH, base::str("attribute '", name, "' should be a graph"));
  return &attribute->g();
}

std::vector<TensorId> Node::inlined(const onnx::GraphProto& body, const std::vector<TensorId>& inputs) {
  return builder_.inline_body(body, inputs);
}

void Node::copy(std::string_view name, Attributes& to, std::string_view as) const {
  const auto* attribute = find(name);
  if (attribute == nullptr) return;
  const std::string_view key = as.empty() ? name : as;
  switch (type_of(*attribute)) {
    case Type::INT: return to.set(key, attribute->i());
    case Type::FLOAT: return to.set(key, static_cast<double>(attribute->f()));
    case Type::STRING: return to.set(key, attribute->s());
    case Type::INTS: return to.set(key, integers(name));
    case Type::FLOATS: return to.set(key, reals(name));
    case Type::UNDEFINED: return;  // an empty list of a file without types
    default: fail(base::str("attribute '", name, "' has a type that does not fit"));
  }
}

Attributes Node::copied(std::initializer_list<std::string_view> names) const {
  Attributes attributes;
  for (const std::string_view name : names) copy(name, attributes);
  return attributes;
}

graph::Graph& Node::graph() const { return builder_.graph(); }

int Node::rank(TensorId tensor) const { return static_cast<int>(dims(tensor).size()); }

const Dims& Node::dims(TensorId tensor) const {
  if (!info(tensor).ranked) refuse("the rank of its input is not known at import");
  return info(tensor).dims;
}

ConstantPtr Node::constant(int index) const {
  const TensorId tensor = optional(index);
  return tensor == kNone ? nullptr : info(tensor).constant;
}

std::optional<std::vector<std::int64_t>> Node::known_integers(int index) const {
  const ConstantPtr value = constant(index);
  if (!value) return std::nullopt;
  return graph::to_integers(*value);
}

std::int64_t Node::axis(std::int64_t axis, int rank) const {
  require(axis >= -rank && axis < rank, base::str("axis ", axis, " of a tensor of rank ", rank));
  return axis < 0 ? axis + rank : axis;
}

std::int64_t Node::axis_of(std::int64_t value, TensorId tensor) const {
  return value >= 0 && !info(tensor).ranked ? value : axis(value, rank(tensor));
}

TensorId Node::emit(std::string_view op, std::vector<TensorId> inputs, Attributes attributes) {
  return builder_.emit(op, std::move(inputs), std::move(attributes), 1)[0];
}

std::vector<TensorId> Node::emit_many(std::string_view op, std::vector<TensorId> inputs, Attributes attributes,
                                      int outputs) {
  return builder_.emit(op, std::move(inputs), std::move(attributes), outputs);
}

TensorId Node::unary(std::string_view function, TensorId x, Attributes attributes) {
  attributes.set("function", std::string(function));
  return emit("unary", {x}, std::move(attributes));
}

TensorId Node::binary(std::string_view function, TensorId a, TensorId b) {
  Attributes attributes;
  attributes.set("function", std::string(function));
  return emit("binary", {a, b}, std::move(attributes));
}

TensorId Node::add_constant(ConstantPtr value) {
  const std::string base = !proto_.name().empty() ? proto_.name()
                           : output_count() > 0   ? proto_.output(0)
                                                  : proto_.op_type();
  return builder_.add_constant(base + ".constant", std::move(value));
}

TensorId Node::integers_constant(const std::vector<std::int64_t>& values) {
  return add_constant(graph::make_constant(values));
}

TensorId Node::scalar(double value, DataType dtype) {
  const auto number = static_cast<float>(value);
  if (dtype == DataType::float32) return add_constant(graph::make_constant(std::vector<float>{number}, Dims{}));
  if (dtype == DataType::float64) return add_constant(graph::make_constant(dtype, {}, &value, sizeof(value)));
  return cast(add_constant(graph::make_constant(std::vector<float>{number}, Dims{})), dtype);
}

TensorId Node::reshape(TensorId x, const std::vector<std::int64_t>& shape) {
  const ConstantPtr value = info(x).constant;
  if (value && vireo::is_static(shape) && element_count(shape) == value->count())
    return add_constant(std::make_shared<Constant>(Constant{value->dtype, shape, value->data, value->seal}));
  return emit("reshape", {x, integers_constant(shape)});
}

TensorId Node::cast(TensorId x, DataType to) {
  if (dtype(x) == to) return x;
  if (to == DataType::string) return emit("number_to_text", {x});
  Attributes attributes;
  attributes.set("to", std::string(to_string(to)));
  return emit(dtype(x) == DataType::string ? "text_to_number" : "cast", {x}, std::move(attributes));
}

void Node::result(int index, TensorId tensor) {
  if (index < output_count()) builder_.bind(proto_.output(index), tensor);
}

const Sequence* Node::find_sequence(int index) const {
  return index < input_count() ? builder_.find_sequence(proto_.input(index)) : nullptr;
}

const Sequence& Node::sequence(int index) const {
  const Sequence* const sequence = find_sequence(index);
  if (sequence == nullptr) refuse(base::str("input ", index, " is no sequence"));
  return *sequence;
}

void Node::sequence_result(int index, Sequence sequence) {
  if (index < output_count()) builder_.bind_sequence(proto_.output(index), std::move(sequence));
}

void Node::results(const std::vector<TensorId>& tensors) {
  for (std::size_t k = 0; k < tensors.size(); ++k) result(static_cast<int>(k), tensors[k]);
}

const Row* find_row(std::string_view domain, std::string_view name) {
  static const auto* const kIndex = [] {
    auto* index = new std::map<std::pair<std::string_view, std::string_view>, const Row*>;
    for (const auto& rows : {elementwise_rows(), convolution_rows(),  normalization_rows(),
                             reduction_rows(),   shape_rows(),        indexing_rows(),
                             source_rows(),      vision_rows(),       recurrent_rows(),
                             sequence_rows(),    quantization_rows(), quantized_microsoft_rows(),
                             microsoft_rows(),   text_rows(),         ml_rows(),
                             ml_linear_rows(),   ml_tree_rows(),      loss_rows(),
                             random_rows(),      signal_rows(),       region_rows(),
                             uncommon_rows(),    transformer_rows(),  microsoft_attention_rows(),
                             loop_rows()})
      for (const Row& row : rows) index->emplace(std::make_pair(row.domain, row.name), &row);
    return index;
  }();
  const auto found = kIndex->find({domain, name});
  return found == kIndex->end() ? nullptr : found->second;
}

}  // namespace vireo::importer
