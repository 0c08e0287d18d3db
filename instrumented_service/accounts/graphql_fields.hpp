#pragma once

#include "instrumented_service/accounts/graphql_syntax.hpp"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace accounts::graphql {

using fragment_map = std::map<std::string_view, const fragment*>;

/// The fragments of a document by name. The document must outlive it.
[[nodiscard]] fragment_map fragments_of(const document& whole);

/// The fields of selection sets that share a name in the answer, in the order in which they come first.
using field_group = std::pair<std::string_view, std::vector<const selection*>>;

/// Gathers the fields of one level out of selection sets and the fragments in them (§6.3.2). Each named fragment counts
/// once, so that the work is bounded by the document's size.
class field_collector {
public:
    /// @param is_wanted  says of each selection whether its directives let it be
    field_collector(const fragment_map& fragments, std::function<bool(const selection&)> is_wanted)
        : fragments_(fragments), is_wanted_(std::move(is_wanted))
    {
    }

    void add(const std::vector<selection>& selections);

    [[nodiscard]] const std::vector<field_group>& groups() const { return groups_; }

private:
    void add_field(const selection& field);
    void add_fragment(const selection& spread);

    const fragment_map& fragments_;
    std::function<bool(const selection&)> is_wanted_;
    std::set<std::string_view> seen_; ///< fragments
    std::map<std::string_view, std::size_t> places_;
    std::vector<field_group> groups_;
};

} // namespace accounts::graphql
