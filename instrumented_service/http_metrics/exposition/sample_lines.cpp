#include "instrumented_service/http_metrics/exposition/sample_lines.hpp"

#include "instrumented_service/http_metrics/exposition/escaping.hpp"
#include "instrumented_service/http_metrics/exposition/numbers.hpp"

#include <bit>

namespace http_metrics {

void append_labels(std::string& to, const label_list& labels)
{
    bool is_first = true;
    for (const auto& [name, value] : labels) {
        if (!is_first)
            to += ',';
        is_first = false;
        to += name;
        to += "=\"";
        append_quotable(to, value);
        to += '"';
    }
}

void sample_lines::set_labels(const label_list& labels)
{
    labels_.clear();
    append_labels(labels_, labels);
}

void sample_lines::add(std::string_view suffix, double value)
{
    start_line(suffix);
    append_value(to_, value);
}

void sample_lines::add_count(std::string_view suffix, std::uint64_t count)
{
    start_line(suffix);
    append_count(to_, count);
}

void sample_lines::add_quantile(std::size_t position, const summary_value::quantile& one)
{
    start_with("", "quantile=\"", position, one.which);
    append_value(to_, one.value);
}

void sample_lines::add_bucket(std::size_t position, double upper_bound, std::uint64_t cumulative_count)
{
    start_with("_bucket", "le=\"", position, upper_bound);
    append_count(to_, cumulative_count);
}

void sample_lines::start_line(std::string_view suffix)
{
    to_ += name_;
    to_ += suffix;
    if (!labels_.empty()) {
        to_ += '{';
        to_ += labels_;
        to_ += '}';
    }
    to_ += ' ';
}

void sample_lines::start_with(std::string_view suffix, std::string_view name_of_bound, std::size_t position,
                              double bound)
{
    to_ += name_;
    to_ += suffix;
    to_ += '{';
    if (!labels_.empty()) {
        to_ += labels_;
        to_ += ',';
    }
    to_ += name_of_bound;
    to_ += bound_text(position, bound);
    to_ += "\"} ";
}

std::string_view sample_lines::bound_text(std::size_t position, double bound)
{
    if (position >= bound_texts_.size())
        bound_texts_.resize(position + 1);
    auto& [known, text] = bound_texts_[position];
    // Bits, so that NaN is equal to itself.
    if (text.empty() || std::bit_cast<std::uint64_t>(known) != std::bit_cast<std::uint64_t>(bound)) {
        known = bound;
        text.clear();
        bound_(text, bound);
    }
    return text;
}

} // namespace http_metrics
