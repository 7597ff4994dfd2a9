#pragma once
// Functions of one variable in a normal form, so that two ways to write the same function become the same thing and can
// be compared exactly, whatever the constants. activation_patterns recognises activations by it. A value type per
// function, all of one Algebra; one thread.
//
// The form is a sum of terms, each a coefficient times a product of atoms. Atoms are the variable, clamps and the
// functions exp, erf, tanh, sigmoid, softplus, log and reciprocal of a sum. These identities are applied, each exact
// over the reals:
//   clip(l, h; a e + b) = a clip((l - b) / a, (h - b) / a; e) + b   (bounds change places where a < 0)
//   clip(l2, h2; clip(l1, h1; e)) = clip(clamp(l1), clamp(h1); e)   clip(-inf, 0; e) = e - clip(0, inf; e)
//   |e| = 2 clip(0, inf; e) - e       max(e, f) = f + clip(0, inf; e - f)      min(e, f) = e - clip(0, inf; e - f)
//   1 / (1 + exp(e)) = sigmoid(-e)    log(1 + exp(e)) = softplus(e)
// In floating point the two sides differ by rounding only, as long as no large constant comes and goes in between;
// anything that has one, cancels a factor or grows too long has no form.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vireo::passes {

using Factors = std::vector<std::pair<int, int>>;  ///< atom and power, atoms ascending, powers positive
using Sum = std::map<Factors, double>;             ///< no coefficient is 0; the constant has no factors

class Algebra {
 public:
  Algebra();
  [[nodiscard]] Sum variable() const { return {{{{0, 1}}, 1.0}}; }
  [[nodiscard]] static Sum constant(double value);

  using Maybe = std::optional<Sum>;
  [[nodiscard]] static Maybe add(const Sum& a, const Sum& b, double factor_of_b = 1);
  [[nodiscard]] static Maybe multiply(const Sum& a, const Sum& b);
  [[nodiscard]] Maybe clip(const Sum& x, double low, double high);
  [[nodiscard]] Maybe reciprocal(const Sum& x);
  [[nodiscard]] Maybe logarithm(const Sum& x);
  /// exp, erf, tanh, sigmoid or softplus of a sum.
  [[nodiscard]] Maybe call(std::string_view function, const Sum& x);

  /// The same form, with constants that differ by no more than the relative tolerance; bounds of zero or infinity must
  /// be equal.
  [[nodiscard]] bool equal(const Sum& a, const Sum& b, double tolerance) const;

  /// The sum is factor * clip(low, high; variable) + shift.
  struct Clamp {
    double factor = 1, low = 0, high = 0, shift = 0;
  };
  [[nodiscard]] std::optional<Clamp> as_clamp(const Sum& x) const;
  /// The sum is slope * variable below zero, and the variable itself above; its slope.
  [[nodiscard]] std::optional<double> as_leaky(const Sum& x, double tolerance) const;

 private:
  struct Atom {
    std::string function;  ///< "" for the variable
    Sum argument;
    double low = 0, high = 0;  ///< of a clamp
    friend bool operator==(const Atom&, const Atom&) = default;
  };
  [[nodiscard]] Sum of(Atom atom);
  [[nodiscard]] bool equal(const Atom& a, const Atom& b, double tolerance) const;
  [[nodiscard]] bool equal(const Factors& a, const Factors& b, double tolerance) const;

  std::vector<Atom> atoms_;
};

}  // namespace vireo::passes
