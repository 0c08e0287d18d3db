#include "instrumented_service/accounts/graphql_request.hpp"

#include "instrumented_service/accounts/graphql_check.hpp"
#include "instrumented_service/accounts/graphql_fields.hpp"
#include "instrumented_service/accounts/graphql_parser.hpp"
#include "instrumented_service/accounts/graphql_schema.hpp"
#include "instrumented_service/accounts/json_reader.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>

namespace accounts::graphql {
namespace {

namespace json = boost::json;

json::string_view as_json(std::string_view text)
{
    return {text.data(), text.size()};
}

json::object to_object(const error& one)
{
    json::object object{{"message", as_json(one.message)}};
    if (!one.locations.empty()) {
        auto& list = object["locations"].emplace_array();
        for (const auto& where : one.locations)
            list.push_back(json::object{{"line", where.line}, {"column", where.column}});
    }
    if (!one.path.empty()) {
        auto& list = object["path"].emplace_array();
        for (const auto& step : one.path)
            list.push_back(json::value(as_json(step)));
    }
    if (!one.code.empty())
        object["extensions"] = json::object{{"code", as_json(one.code)}};
    return object;
}

json::array to_array(const std::vector<error>& errors)
{
    json::array list;
    for (const auto& one : errors)
        list.push_back(to_object(one));
    return list;
}

/// A request that cannot be carried out, found in the middle of one's work.
struct refused {
    error why;
};

[[noreturn]] void refuse(std::string why, std::vector<location> where = {})
{
    throw refused{{std::move(why), std::move(where), {}, {}}};
}

const operation& choose(const document& whole, const std::string& name)
{
    if (whole.operations.empty())
        refuse("There is no operation.");
    if (name.empty() && whole.operations.size() > 1)
        refuse("There are several operations: \"operationName\" must say which.");
    if (name.empty())
        return whole.operations.front();
    const auto found = std::ranges::find(whole.operations, name, &operation::name);
    if (found == whole.operations.end())
        refuse("There is no operation " + json::serialize(as_json(name)) + ".");
    return *found;
}

// --- Variables (§6.1.2) ---

/// An ID's text, or a truth; nothing is null. Numbers are checked, and of no use.
using variable_value = std::variant<std::monostate, std::string, bool>;
using variable_values = std::map<std::string, variable_value, std::less<>>;

variable_value value_of(const value& constant)
{
    switch (constant.what) {
    case value::kind::null:
        return {};
    case value::kind::boolean:
        return constant.text == "true";
    default:
        return constant.text;
    }
}

bool is_int(const json::value& given)
{
    const auto* number = given.if_int64();
    return number != nullptr && *number >= std::numeric_limits<std::int32_t>::min() &&
           *number <= std::numeric_limits<std::int32_t>::max();
}

/// Nothing where the value is not of the type.
std::optional<variable_value> value_of(const json::value& given, std::string_view type)
{
    if (const auto* text = given.if_string(); text != nullptr && (type == "ID" || type == "String"))
        return std::string(text->data(), text->size());
    if ((given.is_int64() || given.is_uint64()) && type == "ID")
        return json::serialize(given);
    if (const auto* truth = given.if_bool(); truth != nullptr && type == "Boolean")
        return *truth;
    if ((type == "Int" && is_int(given)) || (type == "Float" && given.is_number()))
        return json::serialize(given);
    return std::nullopt;
}

variable_value read_variable(const variable_definition& one, const json::object& given)
{
    const auto type = one.type + (one.non_null ? "!" : "");
    const auto* found = given.if_contains(as_json(one.name));
    if (found == nullptr && one.otherwise)
        return value_of(*one.otherwise);
    if (found == nullptr || found->is_null()) {
        if (one.non_null)
            refuse("Variable \"$" + one.name + "\" of type \"" + type + "\" is " +
                       (found == nullptr ? "missing." : "null."),
                   {one.where});
        return {};
    }
    auto read = value_of(*found, one.type);
    if (!read)
        refuse("Variable \"$" + one.name + "\" is not of type \"" + type + "\".", {one.where});
    return *std::move(read);
}

variable_values read_variables(const operation& of, const json::object& given)
{
    variable_values values;
    for (const auto& one : of.variables)
        values.emplace(one.name, read_variable(one, given));
    return values;
}

const variable_value& value_of(const value& written, const variable_values& variables, variable_value& own)
{
    if (written.what == value::kind::variable)
        return variables.find(written.text)->second; // checked: it is defined
    own = value_of(written);
    return own;
}

/// What `@skip` and `@include` say (§3.13).
bool is_wanted(const selection& one, const variable_values& variables)
{
    for (const auto& each : one.directives) {
        variable_value own;
        const auto* truth = std::get_if<bool>(&value_of(each.arguments.front().value, variables, own));
        if (truth == nullptr)
            refuse("Argument \"if\" of directive \"@" + each.name + "\" is null.", {each.where});
        if (*truth == (each.name == "skip"))
            return false;
    }
    return true;
}

} // namespace

/// Turns an operation that was checked into what is to be done.
class planner {
public:
    planner(const document& whole, variable_values variables)
        : fragments_(fragments_of(whole)), variables_(std::move(variables))
    {
    }

    plan run(const operation& chosen)
    {
        for (const auto& [key, group] : collect({&chosen.selections})) {
            if (find_field(object_type::query, group.front()->name)->is_account)
                made_.fields_.emplace_back(key, account(group));
            else
                made_.fields_.emplace_back(key, plan::type_name{});
        }
        return std::move(made_);
    }

private:
    using selection_sets = std::vector<const std::vector<selection>*>;

    std::vector<field_group> collect(const selection_sets& sets) const
    {
        field_collector fields(fragments_, [this](const selection& one) { return is_wanted(one, variables_); });
        for (const auto* set : sets)
            fields.add(*set);
        return fields.groups();
    }

    plan::account_field account(const std::vector<const selection*>& group)
    {
        const auto& first = *group.front(); // checked: all have the same arguments
        plan::account_field field{which(first.arguments.front().value), first.where, {}};
        selection_sets sets;
        for (const auto* each : group)
            sets.push_back(&each->selections);
        for (const auto& [key, leaves] : collect(sets))
            field.leaves.emplace_back(key, leaf_of(leaves.front()->name));
        return field;
    }

    static plan::leaf leaf_of(std::string_view name)
    {
        if (name == "id")
            return plan::leaf::id;
        return name == "name" ? plan::leaf::name : plan::leaf::type_name;
    }

    /// Where an account's ID stands in the list of those to find.
    std::optional<std::size_t> which(const value& argument)
    {
        variable_value own;
        const auto* id = std::get_if<std::string>(&value_of(argument, variables_, own));
        if (id == nullptr)
            return std::nullopt;
        const auto [place, is_new] = places_.emplace(*id, made_.ids_.size());
        if (is_new && made_.ids_.size() == most_accounts)
            refuse("One request may ask for " + std::to_string(most_accounts) + " accounts at most.", {argument.where});
        if (is_new)
            made_.ids_.push_back(*id);
        return place->second;
    }

    fragment_map fragments_;
    variable_values variables_;
    std::map<std::string, std::size_t> places_;
    plan made_;
};

std::variant<plan, std::vector<error>> prepare(const request& asked)
{
    const auto parsed = parse(asked.query);
    if (const auto* wrong = std::get_if<error>(&parsed))
        return std::vector<error>{*wrong};
    const auto& whole = std::get<document>(parsed);
    if (auto errors = check(whole); !errors.empty())
        return errors;
    try {
        const auto& chosen = choose(whole, asked.operation);
        return planner(whole, read_variables(chosen, asked.variables)).run(chosen);
    } catch (const refused& end) {
        return std::vector<error>{end.why};
    }
}

std::string plan::answer(const std::vector<std::optional<account>>& found) const
{
    json::object data;
    std::vector<error> errors;
    for (const auto& [key, field] : fields_) {
        auto& into = data[as_json(key)];
        const auto* wanted = std::get_if<account_field>(&field);
        if (wanted == nullptr) {
            into = as_json(name_of(object_type::query));
            continue;
        }
        if (!wanted->which) {
            errors.push_back({"Argument \"id\" is null.", {wanted->where}, {key}, "invalid_id"});
            continue;
        }
        const auto& one = found[*wanted->which];
        if (!one) {
            errors.push_back({"There is no account " + json::serialize(as_json(ids_[*wanted->which])) + ".",
                              {wanted->where},
                              {key},
                              "not_found"});
            continue;
        }
        auto& object = into.emplace_object();
        for (const auto& [name, what] : wanted->leaves)
            object[as_json(name)] = as_json(what == leaf::id     ? std::string_view(one->id)
                                            : what == leaf::name ? std::string_view(one->name)
                                                                 : name_of(object_type::account));
    }
    json::object whole;
    if (!errors.empty())
        whole["errors"] = to_array(errors);
    whole["data"] = std::move(data);
    return json::serialize(whole);
}

std::string to_json(const std::vector<error>& errors)
{
    return json::serialize(json::object{{"errors", to_array(errors)}});
}

std::variant<request, error> read_request(std::string_view body)
{
    const auto fault = [](std::string why) { return error{std::move(why), {}, {}, {}}; };
    auto read = read_json(body);
    if (const auto* wrong = std::get_if<json_fault>(&read))
        return fault("The request is not JSON: " + wrong->message + ".");
    auto* object = std::get<json::value>(read).if_object();
    if (object == nullptr)
        return fault("The request must be one JSON object with the key \"query\".");

    request asked;
    for (auto& [key, given] : *object) {
        if (key == "query" && given.is_string())
            asked.query = std::string(json::string_view(given.get_string()));
        else if (key == "query")
            return fault("\"query\" must be a string.");
        else if (key != "operationName" && key != "variables" && key != "extensions")
            return fault("Unknown key " + json::serialize(json::string_view(key)) +
                         ", expected \"query\", \"operationName\", \"variables\" or \"extensions\".");
        else if (given.is_null())
            continue;
        else if (key == "operationName" && given.is_string())
            asked.operation = std::string(json::string_view(given.get_string()));
        else if (key == "operationName")
            return fault("\"operationName\" must be a string or null.");
        else if (!given.is_object())
            return fault("\"" + std::string(key) + "\" must be an object or null.");
        else if (key == "variables")
            asked.variables = std::move(given.get_object());
    }
    if (!object->contains("query"))
        return fault("\"query\" is missing.");
    return asked;
}

} // namespace accounts::graphql
