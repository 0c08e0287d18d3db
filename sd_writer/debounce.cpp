#include "sd_writer/debounce.hpp"

#include <algorithm>

namespace sd_writer {

void debounce::changed(clock::time_point now)
{
    if (!first_)
        first_ = now;
    last_ = now;
}

void debounce::taken()
{
    first_.reset();
}

std::optional<debounce::clock::time_point> debounce::deadline(bool busy) const
{
    if (!first_)
        return std::nullopt;
    const auto latest = *first_ + limits_.most;
    return busy ? latest : std::min(last_ + limits_.quiet, latest);
}

} // namespace sd_writer
