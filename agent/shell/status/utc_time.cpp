#include "agent/shell/status/utc_time.hpp"

#include <array>
#include <cstdio>
#include <ctime>

namespace agent::shell {

std::string utc_text(std::chrono::system_clock::time_point when)
{
    const auto second = std::chrono::floor<std::chrono::seconds>(when);
    const auto millisecond = std::chrono::duration_cast<std::chrono::milliseconds>(when - second).count();
    const auto time = std::chrono::system_clock::to_time_t(second);
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    std::array<char, 96> text{};
    const auto size = std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                                    parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
                                    parts.tm_sec, static_cast<int>(millisecond));
    return {text.data(), static_cast<std::size_t>(size)};
}

} // namespace agent::shell
