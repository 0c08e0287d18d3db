#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace agent::core {

/// Values by ID, of which each may be due at some time. Finding an ID, and what is due first, takes logarithmic time: in a
/// storm of events there are thousands of entries, and every event asks.
template <class Value>
class timetable {
public:
    using time_point = std::chrono::steady_clock::time_point;

    struct entry {
        Value value;
        std::optional<time_point> due;
    };
    using map = std::map<std::string, entry, std::less<>>;
    using iterator = typename map::iterator;

    timetable() = default;
    timetable(timetable&&) noexcept = default;
    timetable& operator=(timetable&&) noexcept = default;
    timetable(const timetable&) = delete; // the order of a copy would name the IDs of the original
    timetable& operator=(const timetable&) = delete;
    ~timetable() = default;

    [[nodiscard]] iterator find(std::string_view id) { return entries_.find(id); }
    [[nodiscard]] iterator end() { return entries_.end(); }
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

    /// The entry of that ID, made if there is none: with that value, and not due.
    iterator get(std::string_view id, Value otherwise)
    {
        const auto found = entries_.find(id);
        return found != entries_.end() ? found
                                       : entries_.emplace(std::string(id), entry{std::move(otherwise), {}}).first;
    }

    void set_due(iterator at, std::optional<time_point> when)
    {
        if (at->second.due)
            order_.erase({*at->second.due, at->first});
        at->second.due = when;
        if (when)
            order_.emplace(*when, at->first);
    }

    void erase(iterator at)
    {
        set_due(at, std::nullopt);
        entries_.erase(at);
    }

    void clear()
    {
        order_.clear();
        entries_.clear();
    }

    /// The entry that is due first, of several the first by ID; or the end.
    [[nodiscard]] iterator earliest() { return order_.empty() ? end() : entries_.find(order_.begin()->second); }

    [[nodiscard]] std::optional<time_point> deadline() const
    {
        return order_.empty() ? std::nullopt : std::optional(order_.begin()->first);
    }

    /// How many are due at that time; counts no further than `most`.
    [[nodiscard]] std::size_t count_due(time_point now, std::size_t most) const
    {
        std::size_t count = 0;
        for (auto at = order_.begin(); at != order_.end() && at->first <= now && count < most; ++at)
            ++count;
        return count;
    }

    /// The IDs of entries that are not due at any time.
    [[nodiscard]] std::vector<std::string> without_due() const
    {
        std::vector<std::string> ids;
        for (const auto& [id, each] : entries_)
            if (!each.due)
                ids.push_back(id);
        return ids;
    }

private:
    map entries_;
    std::set<std::pair<time_point, std::string_view>> order_; ///< IDs are those of the entries
};

} // namespace agent::core
