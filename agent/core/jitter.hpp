#pragma once

#include <chrono>
#include <cstdint>
#include <random>

namespace agent::core {

/// Chance for whoever must not act in step with others of its kind. The same seed draws the same.
class jitter {
public:
    explicit jitter(std::uint32_t seed) : random_(seed) {}

    /// In [0, 1).
    [[nodiscard]] double draw() { return std::uniform_real_distribution<double>(0.0, 1.0)(random_); }

    /// `span`, up to `part` of it shorter or longer.
    [[nodiscard]] std::chrono::steady_clock::duration spread(std::chrono::steady_clock::duration span, double part)
    {
        const std::chrono::duration<double> exact(span);
        return std::chrono::duration_cast<std::chrono::steady_clock::duration>(exact * (1 - part + 2 * part * draw()));
    }

private:
    std::minstd_rand random_;
};

} // namespace agent::core
