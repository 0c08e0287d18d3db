#pragma once

#include "tests/simulation/virtual_time.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

namespace simulation {

/// What happens when, outside the program under test. Of things due at the same moment the one noted first comes first.
class agenda {
public:
    void at(time_point when, std::function<void()> what) { jobs_.emplace(std::pair(when, ++noted_), std::move(what)); }
    void in(duration delay, std::function<void()> what) { at(clock::now() + delay, std::move(what)); }

    [[nodiscard]] std::optional<time_point> next() const
    {
        return jobs_.empty() ? std::nullopt : std::optional(jobs_.begin()->first.first);
    }

    /// Does the first thing that is due, if any is.
    bool do_next()
    {
        if (jobs_.empty() || jobs_.begin()->first.first > clock::now())
            return false;
        const auto first = jobs_.extract(jobs_.begin());
        first.mapped()();
        return true;
    }

private:
    std::map<std::pair<time_point, std::uint64_t>, std::function<void()>> jobs_;
    std::uint64_t noted_ = 0;
};

} // namespace simulation
