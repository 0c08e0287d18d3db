#pragma once

#include <array>
#include <cstdint>

namespace simulation {

/// A run that once broke a promise, and what it found. It stays here so that it is lived through in every test run.
struct remembered_seed {
    std::uint64_t seed;
    unsigned minutes;
    bool has_faults;
    const char* found;
};

inline constexpr std::array seeds_that_found{
    remembered_seed{6, 15, false, "a hint about a service was dropped with the answer that there is none any more"},
    remembered_seed{20, 15, false, "the same for a container of such a service"},
};

} // namespace simulation
