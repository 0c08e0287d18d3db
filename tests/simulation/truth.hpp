#pragma once

#include "tests/simulation/swarm.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace simulation {

/// One target of the file: where, and its labels.
struct target {
    std::string where;
    std::map<std::string, std::string> labels;
    friend auto operator<=>(const target&, const target&) = default;
};
using target_list = std::set<target>;

/// In words.
[[nodiscard]] std::string to_string(const target& value);

/// The canonical file with these targets (docs: one group per line, equal labels are one group, everything sorted).
[[nodiscard]] std::string file_of(const target_list& targets);

/// The targets of a file; nothing if it is none.
[[nodiscard]] std::optional<target_list> read_file(const std::string& text);

/// A second reading of the endpoint rules, for the shapes that the simulated swarm makes.
///
/// @param address  the task's own, or else that of its node
[[nodiscard]] std::vector<target> targets_of(const service& owner, const task& one, const std::string& address);

/// What was true of the swarm, and when.
class truth {
public:
    void note(const commit& done, time_point now);

    /// Whether the file may name the target: some task that could be scraped, and some form of its service, between
    /// these times make it. They need not be of the same moment: they are read one after the other.
    [[nodiscard]] bool may_say(const target& value, time_point from, time_point to) const;

    /// The targets that were there all the time from `from` to `to`, in one form.
    [[nodiscard]] target_list must_say(time_point from, time_point to) const;

    /// Whether there was a moment without any target in that time.
    [[nodiscard]] bool was_empty(time_point from, time_point to) const;

    [[nodiscard]] target_list now() const;

    /// When something last changed that targets are made of.
    [[nodiscard]] time_point changed_at() const noexcept { return changed_at_; }

    /// Drops what ended before that.
    void forget(time_point before);

private:
    template <class Value>
    struct phase {
        time_point from;
        time_point to = time_point::max();
        Value value;
    };
    template <class Value>
    using life = std::vector<phase<Value>>;

    template <class Value>
    void put(life<Value>& known, const Value& value, time_point now, bool (*are_same)(const Value&, const Value&));
    template <class Value>
    void end(std::map<std::string, life<Value>>& lives, const std::string& id, time_point now);
    [[nodiscard]] const std::string& address_of(const task& one) const;
    /// As `targets_of`, of how it is now; nothing for what is over.
    [[nodiscard]] std::vector<target> present(const life<task>& phases) const;

    std::map<std::string, life<service>> services_;
    std::map<std::string, life<task>> tasks_; ///< while they serve
    std::map<std::string, std::string> node_addresses_;
    time_point changed_at_{};
    std::vector<std::pair<time_point, bool>> emptiness_; ///< since when there is none, or some
};

} // namespace simulation
