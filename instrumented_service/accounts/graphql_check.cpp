#include "instrumented_service/accounts/graphql_check.hpp"

#include "instrumented_service/accounts/graphql_fields.hpp"
#include "instrumented_service/accounts/graphql_schema.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace accounts::graphql {
namespace {

std::string quoted(std::string_view text)
{
    return "\"" + std::string(text) + "\"";
}

/// A use of a variable, and what is wanted there.
struct variable_use {
    std::string_view name;
    std::string_view type;
    location where;
};

/// What an operation or a fragment refers to by name.
struct references {
    std::vector<variable_use> variables;
    std::vector<const selection*> spreads;
};

/// A value as text in which equal values are equal.
std::string written(const value& one)
{
    auto text = std::to_string(static_cast<int>(one.what)) + ":" + std::to_string(one.text.size()) + ":" + one.text;
    std::vector<std::string> parts;
    for (const auto& item : one.items)
        parts.push_back(item.key + "=" + written(item));
    if (one.what == value::kind::object)
        std::ranges::sort(parts);
    for (const auto& part : parts)
        text += "(" + part + ")";
    return text;
}

std::set<std::string> written(const std::vector<argument>& arguments)
{
    std::set<std::string> all;
    for (const auto& one : arguments)
        all.insert(one.name + "=" + written(one.value));
    return all;
}

class checker {
public:
    explicit checker(const document& whole) : whole_(whole), fragments_(fragments_of(whole)) {}

    std::vector<error> run()
    {
        check_names();
        for (const auto& one : whole_.fragments)
            check_fragment(one);
        check_cycles();
        for (const auto& one : whole_.operations)
            check_operation(one);
        check_all_fragments_used();
        if (errors_.empty()) // the rest relies on what was checked so far
            check_one_meaning();
        if (errors_.size() > most_errors)
            errors_.resize(most_errors);
        return std::move(errors_);
    }

private:
    void report(std::string message, location where) { errors_.push_back({std::move(message), {where}, {}, {}}); }

    // --- Names of definitions ---

    void check_names()
    {
        std::set<std::string_view> operations;
        for (const auto& one : whole_.operations) {
            if (one.name.empty() && whole_.operations.size() > 1)
                report("An operation without a name must be the only one.", one.where);
            else if (!one.name.empty() && !operations.insert(one.name).second)
                report("There are two operations named " + quoted(one.name) + ".", one.where);
        }
        std::set<std::string_view> fragments;
        for (const auto& one : whole_.fragments)
            if (!fragments.insert(one.name).second)
                report("There are two fragments named " + quoted(one.name) + ".", one.where);
    }

    // --- Selections ---

    void check_fragment(const fragment& one)
    {
        auto& refers = references_[&one];
        check_directives(one.directives, "a fragment's definition", false, refers);
        if (const auto type = find_type(one.condition))
            check_selections(one.selections, *type, refers);
        else
            report("There is no type " + quoted(one.condition) + ".", one.where);
    }

    void check_selections(const std::vector<selection>& selections, object_type type, references& refers)
    {
        for (const auto& one : selections) {
            check_directives(one.directives, {}, true, refers);
            switch (one.what) {
            case selection::kind::field:
                check_field(one, type, refers);
                break;
            case selection::kind::spread:
                check_spread(one, type, refers);
                break;
            case selection::kind::inline_fragment:
                check_inline_fragment(one, type, refers);
                break;
            }
        }
    }

    void check_inline_fragment(const selection& one, object_type type, references& refers)
    {
        if (!one.condition.empty())
            check_condition(one.condition, type, one.where);
        if (const auto own = one.condition.empty() ? type : find_type(one.condition))
            check_selections(one.selections, *own, refers);
    }

    void check_condition(std::string_view condition, object_type type, location where)
    {
        if (!find_type(condition))
            report("There is no type " + quoted(condition) + ".", where);
        else if (condition != name_of(type))
            report("A fragment on " + quoted(condition) + " can never be part of " + quoted(name_of(type)) + ".",
                   where);
    }

    void check_spread(const selection& spread, object_type type, references& refers)
    {
        refers.spreads.push_back(&spread);
        const auto found = fragments_.find(spread.name);
        if (found == fragments_.end())
            report("There is no fragment " + quoted(spread.name) + ".", spread.where);
        else if (find_type(found->second->condition)) // said where it is defined
            check_condition(found->second->condition, type, spread.where);
    }

    void check_field(const selection& field, object_type type, references& refers)
    {
        if (type == object_type::query && (field.name == "__schema" || field.name == "__type")) {
            report("This service tells nothing of its schema but __typename.", field.where);
            return;
        }
        const auto* known = find_field(type, field.name);
        if (known == nullptr) {
            report("Type " + quoted(name_of(type)) + " has no field " + quoted(field.name) + ".", field.where);
            return;
        }
        check_arguments(field.arguments, "field " + quoted(field.name), known->is_account ? "id" : "", "ID",
                        field.where, refers);
        if (known->is_account && !field.has_selections)
            report("Field " + quoted(field.name) + " of type \"Account\" needs a selection of its fields: { id name }.",
                   field.where);
        else if (known->is_account)
            check_selections(field.selections, object_type::account, refers);
        else if (field.has_selections)
            report("Field " + quoted(field.name) + " is a scalar: it has no fields to select.", field.where);
    }

    // --- Arguments and directives ---

    /// Nothing here has more than one argument, and that one may not be left out or null.
    ///
    /// @param wanted  its name; none: there must be no argument
    void check_arguments(const std::vector<argument>& arguments, const std::string& of, std::string_view wanted,
                         std::string_view type, location where, references& refers)
    {
        std::set<std::string_view> seen;
        for (const auto& one : arguments) {
            if (!seen.insert(one.name).second)
                report("Argument " + quoted(one.name) + " of " + of + " is there twice.", one.where);
            else if (one.name != wanted || wanted.empty())
                report("There is no argument " + quoted(one.name) + " of " + of + ".", one.where);
            else
                check_value(one.value, "Argument " + quoted(one.name) + " of " + of, type, refers);
        }
        if (!wanted.empty() && !seen.contains(wanted))
            report("Argument " + quoted(wanted) + " of " + of + " is missing.", where);
    }

    void check_value(const value& given, const std::string& of, std::string_view type, references& refers)
    {
        if (given.what == value::kind::variable)
            refers.variables.push_back({given.text, type, given.where});
        else if (!is_of_type(given, type))
            report(of + " must be of type \"" + std::string(type) + "!\".", given.where);
    }

    /// @param where  for people, where none of them may be
    void check_directives(const std::vector<directive>& directives, std::string_view where, bool are_allowed,
                          references& refers)
    {
        std::set<std::string_view> seen;
        for (const auto& one : directives) {
            const auto name = quoted("@" + one.name);
            if (one.name != "include" && one.name != "skip") {
                report("There is no directive " + name + ".", one.where);
                continue;
            }
            if (!are_allowed)
                report("Directive " + name + " may not be on " + std::string(where) + ".", one.where);
            if (!seen.insert(one.name).second)
                report("Directive " + name + " is there twice.", one.where);
            check_arguments(one.arguments, "directive " + name, "if", "Boolean", one.where, refers);
        }
    }

    // --- Fragments in fragments ---

    void check_cycles()
    {
        for (const auto& one : whole_.fragments)
            if (!reaches_.contains(&one))
                walk(one);
    }

    /// Depth first; a fragment that is met again while it is open is in itself.
    void walk(const fragment& from)
    {
        open_.insert(&from);
        auto& reached = reaches_[&from];
        for (const auto* spread : references_[&from].spreads) {
            const auto found = fragments_.find(spread->name);
            if (found == fragments_.end())
                continue;
            if (open_.contains(found->second))
                report("Fragment " + quoted(spread->name) + " is part of itself.", spread->where);
            else if (!reaches_.contains(found->second))
                walk(*found->second);
            reached.insert(found->second);
        }
        open_.erase(&from);
    }

    /// All fragments that spreads lead to, directly or through others.
    std::set<const fragment*> reached_from(const std::vector<const selection*>& spreads) const
    {
        std::set<const fragment*> all;
        std::vector<const fragment*> left;
        const auto add = [&](const fragment* one) {
            if (all.insert(one).second)
                left.push_back(one);
        };
        for (const auto* spread : spreads)
            if (const auto found = fragments_.find(spread->name); found != fragments_.end())
                add(found->second);
        while (!left.empty()) {
            const auto* next = left.back();
            left.pop_back();
            if (const auto found = reaches_.find(next); found != reaches_.end())
                for (const auto* each : found->second)
                    add(each);
        }
        return all;
    }

    void check_all_fragments_used()
    {
        for (const auto& one : whole_.fragments)
            if (!used_.contains(&one) && fragments_.at(one.name) == &one)
                report("Fragment " + quoted(one.name) + " is never used.", one.where);
    }

    // --- Operations ---

    void check_operation(const operation& one)
    {
        if (one.kind != "query") {
            report(one.kind == "mutation" ? "There are no mutations here: POST and PUT /accounts change accounts."
                                          : "There are no subscriptions here.",
                   one.where);
            use_all(one.selections); // which is not what is wrong with its fragments
            return;
        }
        references refers;
        check_directives(one.directives, "an operation", false, refers);
        check_selections(one.selections, object_type::query, refers);
        const auto reached = reached_from(refers.spreads);
        for (const auto* each : reached) {
            const auto& more = references_[each].variables;
            refers.variables.insert(refers.variables.end(), more.begin(), more.end());
        }
        used_.insert(reached.begin(), reached.end());
        check_variables(one, refers.variables);
    }

    void use_all(const std::vector<selection>& selections)
    {
        for (const auto& one : selections) {
            if (one.what == selection::kind::spread) {
                const auto reached = reached_from({&one});
                used_.insert(reached.begin(), reached.end());
            }
            use_all(one.selections);
        }
    }

    void check_variables(const operation& in, const std::vector<variable_use>& uses)
    {
        std::map<std::string_view, const variable_definition*> known;
        for (const auto& one : in.variables) {
            if (!known.emplace(one.name, &one).second)
                report("Variable " + quoted("$" + one.name) + " is there twice.", one.where);
            check_definition(one);
        }
        std::set<std::string_view> used;
        for (const auto& use : uses) {
            used.insert(use.name);
            const auto found = known.find(use.name);
            if (found == known.end())
                report("Variable \"$" + std::string(use.name) + "\" is not defined.", use.where);
            else if (is_scalar(found->second->type))
                check_use(*found->second, use);
        }
        for (const auto& one : in.variables)
            if (!used.contains(one.name))
                report("Variable " + quoted("$" + one.name) + " is never used.", one.where);
    }

    void check_definition(const variable_definition& one)
    {
        const auto name = quoted("$" + one.name);
        if (!is_scalar(one.type)) {
            report("Variable " + name + " cannot be of type " + quoted(one.type) + ": nothing here takes one.",
                   one.where);
            return;
        }
        if (!one.otherwise)
            return;
        const bool is_null = one.otherwise->what == value::kind::null;
        if (is_null ? one.non_null : !is_of_type(*one.otherwise, one.type))
            report("The default of variable " + name + " is not of its type.", one.otherwise->where);
    }

    /// §5.8.5, but that a text is taken for an ID, as it was by the service this one follows.
    void check_use(const variable_definition& one, const variable_use& use)
    {
        const bool fits = one.type == use.type || (one.type == "String" && use.type == "ID");
        const bool has_value = one.non_null || (one.otherwise && one.otherwise->what != value::kind::null);
        if (!fits || !has_value)
            report("Variable " + quoted("$" + one.name) + " of type " + quoted(one.type + (one.non_null ? "!" : "")) +
                       " is used where one of type \"" + std::string(use.type) + "!\" is wanted.",
                   use.where);
    }

    // --- Fields of one name ---

    void check_one_meaning()
    {
        for (const auto& one : whole_.operations)
            check_groups({&one.selections});
        for (const auto& one : whole_.fragments)
            check_groups({&one.selections});
    }

    /// §5.3.2. What the schema says bounds the depth: an account's fields are scalars.
    void check_groups(const std::vector<const std::vector<selection>*>& sets)
    {
        field_collector fields(fragments_, [](const selection&) { return true; });
        for (const auto* set : sets)
            fields.add(*set);
        for (const auto& [key, group] : fields.groups()) {
            check_same(key, group);
            std::vector<const std::vector<selection>*> inner;
            for (const auto* field : group)
                if (field->has_selections)
                    inner.push_back(&field->selections);
            if (!inner.empty())
                check_groups(inner);
        }
    }

    void check_same(std::string_view key, const std::vector<const selection*>& group)
    {
        const auto& first = *group.front();
        const auto arguments = written(first.arguments);
        for (const auto* other : group) {
            if (other->name == first.name && written(other->arguments) == arguments)
                continue;
            errors_.push_back({"Two different fields would both be " + quoted(key) + " in the answer: use an alias.",
                               {first.where, other->where},
                               {},
                               {}});
            return;
        }
    }

    const document& whole_;
    fragment_map fragments_;
    std::map<const fragment*, references> references_;
    std::map<const fragment*, std::set<const fragment*>> reaches_; ///< directly
    std::set<const fragment*> open_;
    std::set<const fragment*> used_;
    std::vector<error> errors_;
};

} // namespace

bool is_scalar(std::string_view type)
{
    constexpr std::array<std::string_view, 5> scalars{"ID", "String", "Boolean", "Int", "Float"};
    return std::ranges::find(scalars, type) != scalars.end();
}

bool is_of_type(const value& constant, std::string_view type)
{
    switch (constant.what) {
    case value::kind::text:
        return type == "ID" || type == "String";
    case value::kind::integer:
        return type == "ID" || type == "Int" || type == "Float";
    case value::kind::real:
        return type == "Float";
    case value::kind::boolean:
        return type == "Boolean";
    default:
        return false;
    }
}

std::vector<error> check(const document& whole)
{
    return checker(whole).run();
}

} // namespace accounts::graphql
