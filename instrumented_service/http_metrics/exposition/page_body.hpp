#pragma once

#include "instrumented_service/http_metrics/exposition/format.hpp"
#include "instrumented_service/http_metrics/metric.hpp"
#include "proto_http/gzip.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace http_metrics {

struct page_kind {
    exposition_format format = exposition_format::text;
    bool is_packed = false; ///< gzip
};

/// The body of a scrape's answer in the making.
///
/// A family whose name was there already is left out with its series: OpenMetrics does not allow it, and Prometheus
/// would take the series of both for one another's. The first one wins.
class page_body final : public metric_sink {
public:
    /// @param expected_bytes  room made at once, so that growing does not copy; costs nothing until it is used
    page_body(page_kind kind, std::size_t expected_bytes);

    void begin(const family& next) override;
    void add(const series& one) override;

    /// No family comes any more. What is left to pack is packed as before.
    void finish() { writer_->finish(), is_finished_ = true; }

    /// Packs a small piece of what is ready, if that is worth while.
    ///
    /// @return whether it did, so that there may be more
    bool pack_some();

    /// The whole body, once it is finished and packed.
    [[nodiscard]] std::string take();

    [[nodiscard]] std::size_t skipped_families() const noexcept { return skipped_; }

private:
    exposition_format format_;
    std::string text_;
    std::unique_ptr<exposition_writer> writer_;
    std::set<std::string, std::less<>> names_;
    bool is_skipping_ = false; ///< the series that come belong to a family that is left out
    std::size_t skipped_ = 0;
    bool is_finished_ = false;

    std::optional<proto_http::gzip_stream> packing_;
    std::size_t packed_bytes_ = 0; ///< of `text_`
    std::string packed_;
};

} // namespace http_metrics
