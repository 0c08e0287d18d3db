#pragma once

#include "instrumented_service/http_metrics/metric.hpp"

#include <cstddef>
#include <utility>
#include <vector>

namespace http_metrics {

struct filled_family {
    family head;
    std::vector<series> all;
};

/// Hands over what is ready, one piece at a time: for sources that are small or can only be read at once.
class prepared_reading final : public metric_reading {
public:
    explicit prepared_reading(std::vector<filled_family> families) : families_(std::move(families)) {}

    bool next(metric_sink& to) override
    {
        if (family_ == families_.size())
            return false;
        const auto& now = families_[family_];
        if (!std::exchange(is_begun_, true))
            to.begin(now.head);
        else if (series_ < now.all.size())
            to.add(now.all[series_++]);
        if (series_ == now.all.size()) {
            is_begun_ = false;
            series_ = 0;
            ++family_;
        }
        return family_ < families_.size();
    }

private:
    std::vector<filled_family> families_;
    std::size_t family_ = 0;
    std::size_t series_ = 0;
    bool is_begun_ = false; ///< whether the family's head has been handed over
};

} // namespace http_metrics
