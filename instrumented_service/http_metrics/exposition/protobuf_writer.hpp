#pragma once

#include "instrumented_service/http_metrics/exposition/exposition_writer.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace http_metrics {

/// The buckets of a native histogram as protobuf has them: runs of indices, and each count as its difference from the
/// one before.
struct bucket_spans {
    struct span {
        std::int32_t offset = 0; ///< the first index, or the indices left out since the span before
        std::uint32_t length = 0;
    };
    std::vector<span> spans;
    std::vector<std::int64_t> deltas;

    void assign(const std::vector<std::pair<std::int32_t, std::uint64_t>>& buckets);
};

/// Messages `io.prometheus.client.MetricFamily`, each behind its length. Histograms have their classic buckets and,
/// where there are any, their native ones; Prometheus 2.42 with `--enable-feature=native-histograms` then takes only
/// the latter. It looks at the first series of a family to tell: all of them have native buckets, or none.
///
/// A family's length is written as five bytes, more than it may need, since its series are not known yet: Protobuf
/// allows that, and nothing has to be moved.
///
/// Source: client_model's metrics.proto, November 2022; times of creation are of 2023, which older readers pass over.
class protobuf_writer final : public exposition_writer {
public:
    /// @param to  must outlive the writer
    explicit protobuf_writer(std::string& to) : to_(to) {}

    void begin(const family& next) override;
    void add(const series& one) override;
    void finish() override;
    [[nodiscard]] std::size_t settled_bytes() const override { return open_.value_or(to_.size()); }

private:
    void end_family();

    std::string& to_;
    std::optional<std::size_t> open_; ///< where the family begins whose length is still missing
    bucket_spans spans_;              ///< kept for its memory
};

} // namespace http_metrics
