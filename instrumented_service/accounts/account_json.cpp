#include "instrumented_service/accounts/account_json.hpp"

#include "instrumented_service/accounts/json_reader.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

namespace accounts {
namespace {

namespace json = boost::json;

body_fault invalid(std::string_view key, const std::string& why)
{
    return {"invalid_account", json::serialize(json::string_view(key.data(), key.size())) + ": " + why};
}

/// The text of a member; a fault when it is there and no text.
std::variant<std::optional<std::string>, body_fault> text_of(const json::object& body, std::string_view key)
{
    const auto* member = body.if_contains(json::string_view(key.data(), key.size()));
    if (member == nullptr)
        return std::nullopt;
    const auto* text = member->if_string();
    if (text == nullptr)
        return invalid(key, "must be a string");
    return std::string(text->data(), text->size());
}

std::optional<body_fault> unknown_key(const json::object& body)
{
    for (const auto& member : body)
        if (member.key() != "id" && member.key() != "name")
            return invalid({member.key().data(), member.key().size()}, "unknown key, expected \"id\" and \"name\"");
    return std::nullopt;
}

} // namespace

std::variant<wanted_account, body_fault> read_account(std::string_view body, id_rule rule)
{
    const auto read = read_json(body);
    if (const auto* fault = std::get_if<json_fault>(&read))
        return body_fault{"invalid_json", "not JSON: " + fault->message};
    const auto* object = std::get<json::value>(read).if_object();
    if (object == nullptr)
        return body_fault{"invalid_account", "expected an object, as in {\"name\":\"Ada\"}"};
    if (auto fault = unknown_key(*object))
        return *std::move(fault);

    auto id = text_of(*object, "id");
    if (auto* fault = std::get_if<body_fault>(&id))
        return std::move(*fault);
    auto name = text_of(*object, "name");
    if (auto* fault = std::get_if<body_fault>(&name))
        return std::move(*fault);

    auto& id_text = std::get<std::optional<std::string>>(id);
    auto& name_text = std::get<std::optional<std::string>>(name);
    if (!id_text && rule == id_rule::required)
        return invalid("id", "is missing");
    if (id_text && !is_valid_id(*id_text))
        return invalid("id", std::string(id_form));
    if (!name_text)
        return invalid("name", "is missing");
    if (const auto why = name_fault(*name_text))
        return invalid("name", *why);
    return wanted_account{std::move(id_text), *std::move(name_text)};
}

std::string to_json(const account& one)
{
    return "{\"id\":" + json::serialize(json::string_view(one.id)) +
           ",\"name\":" + json::serialize(json::string_view(one.name)) + "}";
}

} // namespace accounts
