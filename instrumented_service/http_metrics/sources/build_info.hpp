#pragma once

#include "instrumented_service/http_metrics/metric.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace http_metrics {

/// A gauge that is always 1 and says by its labels what a program was built from, to be joined with what else it shows.
class build_info final : public metric_source {
public:
    /// @param name    of the program, as metrics have it: `accountservice` makes `accountservice_build_info`
    /// @param labels  what it was built from, such as `{{"version", "0.1.0"}, {"compiler", …}}`
    build_info(std::string_view name, label_list labels);

    [[nodiscard]] std::unique_ptr<metric_reading> read() const override;

private:
    std::string name_;
    label_list labels_;
};

} // namespace http_metrics
