#include "instrumented_service/http_metrics/sources/build_info.hpp"

#include "instrumented_service/http_metrics/ready_families.hpp"

#include <utility>

namespace http_metrics {

build_info::build_info(std::string_view name, label_list labels)
    : name_(std::string(name) + "_build_info"), labels_(std::move(labels))
{
}

std::unique_ptr<metric_reading> build_info::read() const
{
    auto info = lone_gauge(name_, "What this program was built from; the value is always 1.", 1);
    info.all.front().labels = labels_;
    return std::make_unique<ready_reading>(std::vector{std::move(info)});
}

} // namespace http_metrics
