#include "engine/passes/scalar_algebra.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace vireo::passes {
namespace {

constexpr std::size_t kMostTerms = 24;
constexpr double kMostConstant = 16;  // an addition of more would round away what matters
constexpr double kMostFactor = 1e6;   // and so would a product, or overflow
constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool is_tame(const Sum& sum) {
  if (sum.size() > kMostTerms) return false;
  return std::all_of(sum.begin(), sum.end(), [](const auto& term) {
    const double size = std::fabs(term.second);
    return term.first.empty() ? size <= kMostConstant : size <= kMostFactor && size >= 1 / kMostFactor;
  });
}

std::optional<Sum> tame(Sum sum) { return is_tame(sum) ? std::optional(std::move(sum)) : std::nullopt; }

Factors product(const Factors& a, const Factors& b) {
  std::map<int, int> powers(a.begin(), a.end());
  for (const auto& [atom, power] : b) powers[atom] += power;
  return {powers.begin(), powers.end()};
}

bool near(double a, double b, double tolerance) {
  if (a == b) return true;
  return std::isfinite(a) && std::isfinite(b) && a != 0 && b != 0 &&
         std::fabs(a - b) <= tolerance * std::max(std::fabs(a), std::fabs(b));
}

/// The sum as constant + factor * rest, the first term of the rest with coefficient 1.
struct Affine {
  double factor = 0, constant = 0;
  Sum rest;
};

Affine affine_of(const Sum& x) {
  Affine parts{0, 0, x};
  if (const auto constant = parts.rest.find({}); constant != parts.rest.end()) {
    parts.constant = constant->second;
    parts.rest.erase(constant);
  }
  if (parts.rest.empty()) return parts;
  parts.factor = parts.rest.begin()->second;
  for (auto& [factors, coefficient] : parts.rest) coefficient /= parts.factor;
  return parts;
}

/// The argument of exp in 1 + exp(argument).
struct OnePlus {
  int atom = -1;
};
OnePlus one_plus(const Sum& x) {
  if (x.size() != 2 || !x.contains({}) || x.at({}) != 1) return {};
  const auto& [factors, coefficient] = *std::next(x.begin());
  return factors.size() == 1 && factors[0].second == 1 && coefficient == 1 ? OnePlus{factors[0].first} : OnePlus{};
}

}  // namespace

Algebra::Algebra() { atoms_.emplace_back(); }

Sum Algebra::constant(double value) { return value == 0 ? Sum{} : Sum{{{}, value}}; }

Algebra::Maybe Algebra::add(const Sum& a, const Sum& b, double factor_of_b) {
  if (!is_tame(a) || !is_tame(b)) return std::nullopt;
  Sum sum = a;
  for (const auto& [factors, coefficient] : b) {
    double& entry = sum[factors];
    entry += factor_of_b * coefficient;
    if (entry == 0) sum.erase(factors);
  }
  return tame(std::move(sum));
}

Algebra::Maybe Algebra::multiply(const Sum& a, const Sum& b) {
  Sum sum;
  for (const auto& [left, x] : a)
    for (const auto& [right, y] : b) {
      const Factors factors = product(left, right);
      double& entry = sum[factors];
      entry += x * y;
      if (entry == 0) sum.erase(factors);
    }
  return tame(std::move(sum));
}

Sum Algebra::of(Atom atom) {
  auto place = std::find(atoms_.begin(), atoms_.end(), atom);
  if (place == atoms_.end()) place = atoms_.insert(atoms_.end(), std::move(atom));
  return {{{{static_cast<int>(place - atoms_.begin()), 1}}, 1.0}};
}

Algebra::Maybe Algebra::call(std::string_view function, const Sum& x) {
  if (!is_tame(x)) return std::nullopt;
  return of({std::string(function), x, 0, 0});
}

Algebra::Maybe Algebra::clip(const Sum& x, double low, double high) {
  if (!(low <= high)) return std::nullopt;  // not a number, or nothing in between
  Affine parts = affine_of(x);
  if (parts.factor == 0) return std::nullopt;
  low = (low - parts.constant) / parts.factor;
  high = (high - parts.constant) / parts.factor;
  if (parts.factor < 0) std::swap(low, high);
  Sum clamped;
  const Factors& only = parts.rest.begin()->first;
  const bool single = parts.rest.size() == 1 && only.size() == 1 && only[0].second == 1;
  if (const Atom* inner = single ? &atoms_[static_cast<std::size_t>(only[0].first)] : nullptr;
      inner && inner->function == "clip") {
    clamped = of({"clip", inner->argument, std::clamp(inner->low, low, high), std::clamp(inner->high, low, high)});
  } else if (low == -kInfinity && high == kInfinity) {
    clamped = parts.rest;
  } else if (low == -kInfinity && high == 0) {
    const Maybe rest = add(parts.rest, of({"clip", parts.rest, 0, kInfinity}), -1);
    if (!rest) return std::nullopt;
    clamped = *rest;
  } else {
    clamped = of({"clip", parts.rest, low, high});
  }
  const Maybe scaled = multiply(clamped, constant(parts.factor));
  return scaled ? add(*scaled, constant(parts.constant)) : std::nullopt;
}

Algebra::Maybe Algebra::reciprocal(const Sum& x) {
  if (x.empty()) return std::nullopt;
  if (x.size() == 1 && x.begin()->first.empty()) return constant(1 / x.begin()->second);
  if (const int atom = one_plus(x).atom; atom >= 0 && atoms_[static_cast<std::size_t>(atom)].function == "exp") {
    const Maybe negated = multiply(atoms_[static_cast<std::size_t>(atom)].argument, constant(-1));
    return negated ? call("sigmoid", *negated) : std::nullopt;
  }
  return call("reciprocal", x);
}

Algebra::Maybe Algebra::logarithm(const Sum& x) {
  if (const int atom = one_plus(x).atom; atom >= 0 && atoms_[static_cast<std::size_t>(atom)].function == "exp")
    return call("softplus", Sum(atoms_[static_cast<std::size_t>(atom)].argument));
  return call("log", x);
}

bool Algebra::equal(const Atom& a, const Atom& b, double tolerance) const {
  return a.function == b.function && near(a.low, b.low, tolerance) && near(a.high, b.high, tolerance) &&
         equal(a.argument, b.argument, tolerance);
}

bool Algebra::equal(const Factors& a, const Factors& b, double tolerance) const {
  if (a.size() != b.size()) return false;
  std::vector<bool> taken(b.size(), false);
  for (const auto& [atom, power] : a) {
    bool found = false;
    for (std::size_t i = 0; i < b.size() && !found; ++i) {
      found = !taken[i] && power == b[i].second &&
              (atom == b[i].first ||
               equal(atoms_[static_cast<std::size_t>(atom)], atoms_[static_cast<std::size_t>(b[i].first)], tolerance));
      if (found) taken[i] = true;
    }
    if (!found) return false;
  }
  return true;
}

bool Algebra::equal(const Sum& a, const Sum& b, double tolerance) const {
  if (a.size() != b.size()) return false;
  std::vector<bool> taken(b.size(), false);
  for (const auto& [factors, coefficient] : a) {
    bool found = false;
    std::size_t i = 0;
    for (auto term = b.begin(); term != b.end() && !found; ++term, ++i) {
      found = !taken[i] && near(coefficient, term->second, tolerance) && equal(factors, term->first, tolerance);
      if (found) taken[i] = true;
    }
    if (!found) return false;
  }
  return true;
}

std::optional<Algebra::Clamp> Algebra::as_clamp(const Sum& x) const {
  Clamp clamp;
  bool found = false;
  for (const auto& [factors, coefficient] : x) {
    if (factors.empty()) {
      clamp.shift = coefficient;
      continue;
    }
    const Atom& atom = atoms_[static_cast<std::size_t>(factors[0].first)];
    if (found || factors.size() != 1 || factors[0].second != 1 || atom.function != "clip" ||
        atom.argument != variable())
      return std::nullopt;
    found = true;
    clamp.factor = coefficient;
    clamp.low = atom.low;
    clamp.high = atom.high;
  }
  return found ? std::optional(clamp) : std::nullopt;
}

std::optional<double> Algebra::as_leaky(const Sum& x, double tolerance) const {
  const auto straight = x.find({{0, 1}});
  if (x.size() != 2 || straight == x.end()) return std::nullopt;
  Sum bent = x;
  bent.erase({{0, 1}});
  const auto clamp = as_clamp(bent);
  const bool fits = clamp && clamp->shift == 0 && clamp->low == 0 && clamp->high == kInfinity &&
                    near(clamp->factor + straight->second, 1, tolerance);
  return fits ? std::optional(straight->second) : std::nullopt;
}

}  // namespace vireo::passes
