#include "instrumented_service/http_metrics/exposition/page_body.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace http_metrics {
namespace {

/// About 0.2 ms of packing.
constexpr std::size_t piece_bytes = 4 * 1024;

} // namespace

page_body::page_body(page_kind kind, std::size_t expected_bytes)
    : format_(kind.format), writer_(make_writer(kind.format, text_))
{
    if (kind.is_packed)
        packing_.emplace();
    (packing_ ? packed_ : text_).reserve(expected_bytes);
}

void page_body::begin(const family& next)
{
    is_skipping_ = !names_.emplace(family_name(format_, next)).second;
    if (is_skipping_)
        ++skipped_;
    else
        writer_->begin(next);
}

void page_body::add(const series& one)
{
    if (!is_skipping_)
        writer_->add(one);
}

bool page_body::pack_some()
{
    if (!packing_)
        return false;
    const auto ready = writer_->settled_bytes() - packed_bytes_;
    if (ready == 0 || (ready < piece_bytes && !is_finished_))
        return false;
    const auto piece = std::string_view(text_).substr(packed_bytes_, std::min(ready, piece_bytes));
    packing_->add(piece, packed_);
    packed_bytes_ += piece.size();
    if (packed_bytes_ == text_.size()) {
        text_.clear();
        packed_bytes_ = 0;
    }
    return true;
}

std::string page_body::take()
{
    if (!packing_)
        return std::move(text_);
    packing_->finish(packed_);
    return std::move(packed_);
}

} // namespace http_metrics
