#pragma once

#include "instrumented_service/http_metrics/metric.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace http_metrics {

/// A family with everything that has it, for sources of a few series that need not be read in pieces.
struct ready_family {
    family head;
    std::vector<series> all;
};

[[nodiscard]] inline ready_family lone_counter(std::string name, std::string help, double value, std::string unit = {})
{
    family head{std::move(name), std::move(help), metric_type::counter, std::move(unit)};
    return {std::move(head), {{{}, counter_value{value}}}};
}

[[nodiscard]] inline ready_family lone_gauge(std::string name, std::string help, double value, std::string unit = {})
{
    family head{std::move(name), std::move(help), metric_type::gauge, std::move(unit)};
    return {std::move(head), {{{}, gauge_value{value}}}};
}

/// Hands over what is there already.
class ready_reading final : public metric_reading {
public:
    explicit ready_reading(std::vector<ready_family> families) : families_(std::move(families)) {}

    bool next(metric_sink& to) override
    {
        if (at_ == families_.size())
            return false;
        const auto& [head, all] = families_[at_];
        if (handed_over_ == 0)
            to.begin(head);
        else
            to.add(all[handed_over_ - 1]);
        if (handed_over_++ == all.size()) {
            handed_over_ = 0;
            ++at_;
        }
        return at_ < families_.size();
    }

private:
    std::vector<ready_family> families_;
    std::size_t at_ = 0;
    std::size_t handed_over_ = 0; ///< of the family there: its head, then its series
};

} // namespace http_metrics
