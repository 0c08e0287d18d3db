#include "runtime/failure_log.hpp"

#include <bit>

namespace runtime {

void failure_log::warn(std::string_view event, std::string_view subject, const std::string& error)
{
    auto& known = said_[std::string(subject)];
    if (known.text != error)
        known = {error, 0};
    if (std::has_single_bit(++known.count))
        log_.warn(event, {{"error", error}, {"attempt", known.count}});
}

void failure_log::forget(std::string_view subject)
{
    if (const auto found = said_.find(subject); found != said_.end())
        said_.erase(found);
}

} // namespace runtime
