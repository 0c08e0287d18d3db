#pragma once

#include "instrumented_service/http_metrics/metric.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace http_metrics {

/// Everything that a source handed over, in order.
class handed_over final : public metric_sink {
public:
    struct one_family {
        family head;
        std::vector<series> all;
    };

    explicit handed_over(const metric_source& from)
    {
        const auto reading = from.read();
        while (reading->next(*this)) {
        }
    }

    void begin(const family& next) override { families.push_back({next, {}}); }
    void add(const series& one) override { families.back().all.push_back(one); }

    [[nodiscard]] const one_family* find(std::string_view name) const
    {
        const auto found = std::ranges::find_if(families, [name](const auto& each) { return each.head.name == name; });
        return found == families.end() ? nullptr : &*found;
    }

    /// Of a family that has one series, a counter or a gauge.
    [[nodiscard]] std::optional<double> value(std::string_view name) const
    {
        const auto* found = find(name);
        if (found == nullptr || found->all.size() != 1)
            return std::nullopt;
        const auto& value = found->all.front().value;
        if (const auto* counter = std::get_if<counter_value>(&value))
            return counter->value;
        if (const auto* gauge = std::get_if<gauge_value>(&value))
            return gauge->value;
        return std::nullopt;
    }

    std::vector<one_family> families;
};

} // namespace http_metrics
