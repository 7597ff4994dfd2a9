#pragma once
// Conditions and loops of a network that is made by hand. Their bodies are networks of their own, made with the same
// adders; what they read of the network around they name with outer(). finish() puts the whole into the network as one
// layer. The network around must stay where it is until then; errors inside a body are errors of it, with the body's
// name before them.
//
//   Network::If choice = n.add_if(is_large, "choice");
//   auto& yes = choice.then_body();
//   yes.mark_output(yes.add_activation(yes.outer(x), Network::Activation::relu));
//   auto& no = choice.else_body();
//   no.mark_output(no.outer(x));
//   Network::Tensor y = choice.finish()[0];
//
//   Network::Loop loop = n.add_loop({.trip_count = ten, .carried = {x}}, "ten times");
//   auto& body = loop.body();
//   loop.carry(0, body.add_elementwise(loop.carried(0), body.outer(step), Network::Elementwise::sum));
//   Network::Tensor last = loop.finish()[0];

#include <memory>
#include <string>
#include <vector>

#include "engine/api/export.h"
#include "engine/api/network.h"

namespace vireo {

/// A branch, or what a loop repeats.
class VIREO_API Network::Body : public Network {
 public:
  /// A tensor of the network around, inside of this body. Its rank must be known. Bodies inside a body ask for what
  /// that body asked for: inner.outer(body.outer(x)).
  Tensor outer(Tensor tensor);

  struct Region;  ///< engine/network/region.h
  explicit Body(Region& region) : region_(&region) {}

 private:
  Region* region_;
};

class VIREO_API Network::If {
 public:
  /// Both mark the same number of outputs, in the same order, of the same types; shapes may differ.
  [[nodiscard]] Body& then_body();
  [[nodiscard]] Body& else_body();
  /// Adds the layer and returns its outputs. Once.
  std::vector<Tensor> finish();

  If(If&&) noexcept;
  ~If();

 private:
  friend class Network;
  explicit If(std::unique_ptr<Body::Region> region);
  std::unique_ptr<Body::Region> region_;
};

struct Network::LoopInputs {
  Tensor trip_count;            ///< int64, one element: the most iterations; none: until the condition is false
  Tensor condition;             ///< boolean, one element: before the first iteration; none: true
  std::vector<Tensor> carried;  ///< what the first iteration gets of what each hands on to the next
};

class VIREO_API Network::Loop {
 public:
  [[nodiscard]] Body& body();
  // Tensors of the body
  [[nodiscard]] Tensor iteration() const;                 ///< int64 scalar: 0, 1, …
  [[nodiscard]] Tensor condition() const;                 ///< boolean scalar: of this iteration
  [[nodiscard]] Tensor carried(std::size_t index) const;  ///< as the iteration before handed it on
  /// Entry number iteration() of a tensor of the network around, along an axis, which is taken out; `reverse`: from the
  /// end.
  Tensor entry(Tensor outer, std::int64_t axis = 0, bool reverse = false);

  /// Whether there is a next iteration; not called: until the trip count is reached.
  void set_condition(Tensor condition);
  /// What the next iteration gets; not called: the same again. Its shape may change from one to the next.
  void carry(std::size_t index, Tensor next);
  /// The tensor of each iteration becomes an entry of a new first axis of one more output.
  void stack(Tensor tensor);
  /// Adds the layer. Its outputs: what is carried, as the last iteration left it, then what was stacked. Once.
  std::vector<Tensor> finish();

  Loop(Loop&&) noexcept;
  ~Loop();

 private:
  friend class Network;
  explicit Loop(std::unique_ptr<Body::Region> region);
  std::unique_ptr<Body::Region> region_;
};

}  // namespace vireo
