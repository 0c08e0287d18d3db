#include "instrumented_service/accounts/graphql_fields.hpp"

namespace accounts::graphql {

fragment_map fragments_of(const document& whole)
{
    fragment_map by_name;
    for (const auto& one : whole.fragments)
        by_name.emplace(one.name, &one);
    return by_name;
}

void field_collector::add(const std::vector<selection>& selections)
{
    for (const auto& one : selections) {
        if (!is_wanted_(one))
            continue;
        switch (one.what) {
        case selection::kind::field:
            add_field(one);
            break;
        case selection::kind::spread:
            add_fragment(one);
            break;
        case selection::kind::inline_fragment:
            add(one.selections);
            break;
        }
    }
}

void field_collector::add_field(const selection& field)
{
    const auto [place, is_new] = places_.emplace(field.key(), groups_.size());
    if (is_new)
        groups_.emplace_back(field.key(), std::vector<const selection*>{});
    groups_[place->second].second.push_back(&field);
}

void field_collector::add_fragment(const selection& spread)
{
    const auto found = fragments_.find(spread.name);
    if (found != fragments_.end() && seen_.insert(spread.name).second)
        add(found->second->selections);
}

} // namespace accounts::graphql
