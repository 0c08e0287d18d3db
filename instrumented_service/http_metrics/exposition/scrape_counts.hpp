#pragma once

#include "instrumented_service/http_metrics/metric.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace http_metrics {

/// What a scrape page counts of itself. The names with `promhttp` are those of the Go client's handler.
class scrape_counts final : public metric_source {
public:
    enum class cause : std::uint8_t {
        gathering, ///< a source threw
        duplicate, ///< a family that was there already
        deadline,  ///< the scraper's time was over
    };

    void request_began() noexcept { ++in_flight_; }
    void request_ended() noexcept { --in_flight_; }
    [[nodiscard]] std::size_t in_flight() const noexcept { return in_flight_; }

    void answered(unsigned status, std::size_t body_bytes) noexcept;
    void failed(cause why, std::size_t times = 1) noexcept { errors_[static_cast<std::size_t>(why)] += times; }

    /// @param longest_slice  for which the reactor was held
    void rendered(std::chrono::duration<double> took, std::chrono::duration<double> longest_slice) noexcept;

    [[nodiscard]] std::unique_ptr<metric_reading> read() const override;

private:
    static constexpr std::array<unsigned, 3> statuses{200, 500, 503};
    static constexpr std::array<double, 10> bounds{0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1};

    std::size_t in_flight_ = 0;
    std::array<std::uint64_t, statuses.size()> requests_{};
    std::array<std::uint64_t, 3> errors_{};
    std::uint64_t body_bytes_ = 0;
    std::array<std::uint64_t, bounds.size() + 1> renderings_{}; ///< by how long they took
    double render_seconds_ = 0;
    double longest_slice_seconds_ = 0; ///< of the last rendering
};

} // namespace http_metrics
