#pragma once

#include "instrumented_service/http_metrics/metric.hpp"
#include "instrumented_service/http_metrics/recording/buckets.hpp"
#include "instrumented_service/http_metrics/recording/distribution.hpp"
#include "instrumented_service/http_metrics/recording/sliding_window.hpp"
#include "instrumented_service/http_metrics/recording/tick_clock.hpp"
#include "instrumented_service/http_metrics/recording/trace_context.hpp"
#include "proto_http/request_monitor.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace http_metrics {

/// Durations are counted in units of 16 ns: up to 18 minutes are told apart, and from 1 µs on a value is within 0.79 %.
inline constexpr unsigned duration_unit_bits = 4;
inline constexpr double duration_unit = 16e-9; ///< in seconds

/// What the recorders of one middleware have in common.
struct recording {
    tick_clock clock;
    sliding_window window;
    std::size_t slices = 5;           ///< of the window
    bool by_code = false;             ///< whether durations and sizes are kept for each status code, too
    std::uint64_t exemplar_ticks = 0; ///< between two exemplars of a route; 0: none are kept
    std::size_t series_left = 0;      ///< combinations of handler, method and code that may still come
    std::uint64_t dropped = 0;        ///< those that were one too many
    std::uint64_t last_epoch = 0;

    /// The window's epoch at this moment. A new slice is the occasion to calibrate the clock anew.
    [[nodiscard]] std::uint64_t epoch(std::uint64_t now) noexcept
    {
        const auto current = window.epoch(now);
        if (current != last_epoch) {
            last_epoch = current;
            clock.recalibrate();
        }
        return current;
    }

    [[nodiscard]] bool admits_series() noexcept;
};

/// Request methods as far as they are told apart (RFC 9110 §9.1, RFC 5789); anything else is one more.
inline constexpr std::array<std::string_view, 9> known_methods{"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                                               "CONNECT", "OPTIONS", "TRACE", "PATCH"};
inline constexpr std::size_t other_method = known_methods.size();

/// Distributions of one kind of exchange.
struct exchange_cells {
    exchange_cells(const buckets& durations, const buckets& sizes, std::size_t slices)
        : duration(durations.upper(), slices), response_size(sizes.upper(), slices), request_size(sizes.upper(), 1)
    {
    }

    void record(std::uint64_t duration_units, std::uint64_t request_bytes, std::uint64_t response_bytes,
                std::uint64_t epoch) noexcept
    {
        duration.record(duration_units, epoch);
        response_size.record(response_bytes, epoch);
        request_size.record(request_bytes, epoch);
    }

    distribution duration; ///< in units of 16 ns
    distribution response_size;
    distribution request_size;
};

/// What is known of one route's requests with one method.
struct method_cells {
    static constexpr unsigned first_code = 100;
    static constexpr std::size_t codes_told_apart = 500; ///< 100 … 599

    method_cells(const buckets& durations, const buckets& sizes, const recording& in);

    exchange_cells all;
    std::array<std::uint64_t, codes_told_apart> codes{};
    std::array<bool, codes_told_apart> is_dropped{}; ///< codes that were one too many
    std::uint64_t other_code = 0;
    std::uint64_t aborted = 0;
    std::int64_t in_flight = 0;

    /// By code; those that were seen, and none at all unless they are asked for.
    std::vector<std::atomic<exchange_cells*>> of_code;
    std::vector<std::unique_ptr<exchange_cells>> owned;

    /// By classic bucket of the duration. Written a few times a second at most.
    std::vector<std::optional<exemplar>> exemplars;
    mutable std::mutex exemplars_mutex;
};

/// Records the requests of one route: two clock readings and one increment for each thing counted. No lock, no
/// allocation and no lookup by name but for the first request of a method or a code.
///
/// Everything is recorded on one thread, the reactor's; any thread may look.
class recorder final : public proto_http::request_monitor {
public:
    struct identity {
        std::string handler; ///< the route's pattern
        std::string name;    ///< the route's name; none where requests fit no route
        std::string method;  ///< the route's own; none where it may be any
    };

    recorder(std::shared_ptr<recording> in, identity self, std::shared_ptr<const buckets> durations,
             std::shared_ptr<const buckets> sizes);

    [[nodiscard]] proto_http::request_start started(const proto_http::request& asked) noexcept override;
    void answered(const proto_http::request_start& start, unsigned status,
                  std::size_t response_bytes) noexcept override;
    void abandoned(const proto_http::request_start& start) noexcept override;
    void unsent(const proto_http::request_start& start) noexcept override;

    /// The same for servers that have no `request`.
    ///
    /// @param method       one of `known_methods`, by its number, or `other_method`
    /// @param traceparent  the header of that name, if there is one
    [[nodiscard]] proto_http::request_start started(std::size_t method, std::uint64_t request_bytes,
                                                    std::string_view traceparent) noexcept;

    [[nodiscard]] const identity& self() const noexcept { return self_; }
    [[nodiscard]] const buckets& durations() const noexcept { return *durations_; }
    [[nodiscard]] const buckets& sizes() const noexcept { return *sizes_; }
    /// Number of its own method.
    [[nodiscard]] std::size_t own_method() const noexcept { return own_method_; }
    /// Nothing where no request had that method.
    [[nodiscard]] const method_cells* cells(std::size_t method) const noexcept
    {
        return methods_[method].load(std::memory_order_acquire);
    }

private:
    [[nodiscard]] proto_http::request_start begin(std::size_t method, std::uint64_t request_bytes) noexcept;
    [[nodiscard]] method_cells& cells_of(std::size_t method) noexcept;
    void make_cells(std::size_t method);
    void count_code(method_cells& cells, unsigned status) noexcept;
    [[nodiscard]] bool admits_code(method_cells& cells, std::size_t number) noexcept;
    void record_by_code(method_cells& cells, unsigned status, std::uint64_t duration_units, std::uint64_t request_bytes,
                        std::uint64_t response_bytes, std::uint64_t epoch) noexcept;
    void note_trace(std::uint64_t now, std::string_view traceparent) noexcept;
    void keep_exemplar(method_cells& cells, std::uint64_t duration_units) noexcept;

    // Owned by the middleware and by each route's recorder: either may end first.
    std::shared_ptr<recording> in_;
    identity self_;
    std::shared_ptr<const buckets> durations_;
    std::shared_ptr<const buckets> sizes_;
    std::size_t own_method_;
    std::array<std::atomic<method_cells*>, known_methods.size() + 1> methods_{};
    std::vector<std::unique_ptr<method_cells>> owned_;

    std::uint64_t exemplar_due_ = ~std::uint64_t{0};
    struct {
        std::uint64_t ticks = 0; ///< when the request started that it belongs to; 0: none
        trace_context trace;
    } pending_;
};

} // namespace http_metrics
