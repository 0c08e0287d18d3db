#pragma once

#include "tests/simulation/virtual_time.hpp"

#include <cstddef>
#include <cstdint>
#include <iterator>

namespace simulation {

/// Chance that is the same for the same seed on every machine (splitmix64).
class dice {
public:
    explicit dice(std::uint64_t seed) : state_(seed) {}

    std::uint64_t roll()
    {
        auto mixed = state_ += 0x9E3779B97F4A7C15U;
        mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
        mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
        return mixed ^ (mixed >> 31U);
    }

    /// In [0, limit).
    std::size_t below(std::size_t limit) { return static_cast<std::size_t>(roll() % limit); }
    bool one_in(std::size_t count) { return below(count) == 0; }
    /// In [least, most].
    duration between(duration least, duration most)
    {
        const auto room = static_cast<std::uint64_t>((most - least).count()) + 1;
        return least + duration(static_cast<duration::rep>(roll() % room));
    }
    template <class Values>
    auto& any(Values& values)
    {
        return *std::next(std::begin(values), static_cast<std::ptrdiff_t>(below(std::size(values))));
    }

private:
    std::uint64_t state_;
};

} // namespace simulation
