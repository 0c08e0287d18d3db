#pragma once

#include "agent/core/model.hpp"
#include "agent/core/role_rules.hpp"
#include "tests/support/choices.hpp"

#include <string>

/// Swarms in all their variety, small enough for changes to meet.
namespace agent::core {

/// The IDs that `make_swarm` gives are `id-s0` …, `node-1` …, `t0` …, `c0` …; below this number.
constexpr int most_objects = 12;

[[nodiscard]] snapshot make_swarm(support::choices& decide);

[[nodiscard]] role_rules make_rules(support::choices& decide);

/// Text that nobody means well with; not always UTF-8.
[[nodiscard]] std::string make_hostile_text(support::choices& decide);

/// Labels of all kinds that an owner may write, mostly without sense.
[[nodiscard]] label_map make_hostile_labels(support::choices& decide);

/// The same swarm, told in another way: other orders, and things twice.
[[nodiscard]] snapshot told_otherwise(snapshot data, support::choices& decide);

} // namespace agent::core
