#pragma once

#include <array>
#include <cstdint>

namespace simulation {

/// A run that once broke a promise, and what it found. It stays here so that it is lived through in every test run.
struct remembered_seed {
    std::uint64_t seed;
    unsigned minutes;
    const char* found;
};

inline constexpr std::array<remembered_seed, 0> seeds_that_found{};

} // namespace simulation
