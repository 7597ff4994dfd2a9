#pragma once
// Mutations: sound models and plans become ones that nobody would write. Pure functions of their random numbers.

#include <random>
#include <string>

#include "tests/fuzz/seeds.h"

namespace vireo::fuzz_testing {

struct Input {
  bool plan = false;  ///< else a model
  std::string bytes;
};

/// The input of a number: one seed, mutated in one or several ways.
[[nodiscard]] Input make_input(const Seeds& seeds, std::uint64_t seed, std::uint64_t number);

/// A plan whose checksums fit its altered network or tuning again; unchanged when it is no plan.
[[nodiscard]] std::string resealed(std::string plan, const std::string& network, const std::string& tuning);
[[nodiscard]] std::string network_of(const std::string& plan);
[[nodiscard]] std::string tuning_of(const std::string& plan);

}  // namespace vireo::fuzz_testing
