#pragma once

#include "runtime/logging.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace runtime {

/// Logs failures that repeat themselves: the first, second, fourth, eighth …, so that an engine that stays away does
/// not fill the disk. Counters have them all.
class failure_log {
public:
    explicit failure_log(const logger& log) : log_(log) {}

    /// @param subject  what failed; another error of the same one is news
    void warn(std::string_view event, std::string_view subject, const std::string& error);

    /// Whatever comes next is news again.
    void forget() { said_.clear(); }
    void forget(std::string_view subject);

private:
    struct repetition {
        std::string text;
        unsigned count = 0;
    };

    const logger& log_;
    std::map<std::string, repetition, std::less<>> said_; ///< by subject
};

} // namespace runtime
