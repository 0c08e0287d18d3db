#include "instrumented_service/accounts/service.hpp"

#include "instrumented_service/accounts/account_json.hpp"
#include "instrumented_service/accounts/graphql_request.hpp"
#include "instrumented_service/accounts/replies.hpp"

#include <optional>
#include <utility>
#include <variant>

namespace accounts {
namespace {

namespace asio = boost::asio;
using proto_http::reply;
using proto_http::request;

constexpr std::string_view content_type_wanted = "Content-Type must be application/json";

/// What failed, for the log; another failure of the same thing is news.
constexpr std::string_view reading = "read_failed";
constexpr std::string_view writing = "write_failed";

reply unknown_account(const std::string& id)
{
    return error_reply(404, "not_found", "there is no account \"" + id + "\"");
}

/// What the body of a request wants; the answer where it cannot be had.
std::variant<wanted_account, reply> wanted_by(const request& asked, id_rule rule)
{
    if (!is_json(asked.field("Content-Type")))
        return error_reply(415, "unsupported_media_type", content_type_wanted);
    auto read = read_account(asked.body, rule);
    if (const auto* fault = std::get_if<body_fault>(&read))
        return error_reply(400, fault->code, fault->message);
    return std::get<wanted_account>(std::move(read));
}

prometheus::Counter& counter(prometheus::Registry& in, const char* name, const char* help)
{
    return prometheus::BuildCounter().Name(name).Help(help).Register(in).Add({});
}

reply refused_query(unsigned status, graphql::error why)
{
    return json_reply(status, graphql::to_json({std::move(why)}));
}

} // namespace

service::service(store& accounts, const runtime::logger& log)
    : accounts_(accounts),
      failures_(log),
      created_(counter(registry_, "accountservice_accounts_created_total", "Accounts stored.")),
      updated_(counter(registry_, "accountservice_accounts_updated_total", "Accounts replaced."))
{
}

std::vector<proto_http::route> service::routes()
{
    const auto health = [](request) -> asio::awaitable<reply> {
        reply fine;
        fine.body = "OK\n";
        co_return fine;
    };
    return {
        {"GetAccount", "GET", "/accounts/{accountId}", [this](request asked) { return get_account(std::move(asked)); }},
        {"StoreAccount", "POST", "/accounts", [this](request asked) { return store_account(std::move(asked)); }},
        {"UpdateAccount", "PUT", "/accounts", [this](request asked) { return update_account(std::move(asked)); }},
        {"GraphQL", "POST", "/graphql", [this](request asked) { return query(std::move(asked)); }},
        {"HealthCheck", "GET", "/health", health, false},
    };
}

asio::awaitable<reply> service::get_account(request asked)
{
    const std::string id(asked.param("accountId"));
    if (!is_valid_id(id))
        co_return error_reply(400, "invalid_id", "the account's ID " + std::string(id_form));
    std::vector<std::string> ids;
    ids.push_back(id);
    const auto found = co_await accounts_.find(std::move(ids));
    if (!found)
        co_return unavailable(reading, found.error());
    failures_.forget(reading);
    const auto& one = found->front();
    co_return one ? json_reply(200, to_json(*one)) : unknown_account(id);
}

asio::awaitable<reply> service::store_account(request asked)
{
    auto wanted = wanted_by(asked, id_rule::optional);
    if (auto* refused = std::get_if<reply>(&wanted))
        co_return std::move(*refused);
    auto& values = std::get<wanted_account>(wanted);
    write_order order;
    order.wanted.id = values.id.value_or("");
    order.wanted.name = std::move(values.name);
    const auto outcome = co_await accounts_.write(std::move(order));
    if (!outcome)
        co_return unavailable(writing, outcome.error());
    failures_.forget(writing);
    const auto& written = outcome->written;
    if (outcome->what == write_outcome::kind::exists)
        co_return error_reply(409, "already_exists", "there is an account \"" + written.id + "\" already");
    created_.Increment();
    auto created = json_reply(201, to_json(written));
    created.fields.emplace_back("Location", "/accounts/" + written.id);
    co_return created;
}

asio::awaitable<reply> service::update_account(request asked)
{
    auto wanted = wanted_by(asked, id_rule::required);
    if (auto* refused = std::get_if<reply>(&wanted))
        co_return std::move(*refused);
    auto& values = std::get<wanted_account>(wanted);
    write_order order;
    order.what = write_order::kind::replace;
    order.wanted.id = values.id.value_or("");
    order.wanted.name = std::move(values.name);
    const auto outcome = co_await accounts_.write(std::move(order));
    if (!outcome)
        co_return unavailable(writing, outcome.error());
    failures_.forget(writing);
    if (outcome->what == write_outcome::kind::unknown)
        co_return unknown_account(outcome->written.id);
    updated_.Increment();
    co_return json_reply(200, to_json(outcome->written));
}

asio::awaitable<reply> service::query(request asked)
{
    if (!is_json(asked.field("Content-Type")))
        co_return refused_query(415, {std::string(content_type_wanted) + ".", {}, {}, "unsupported_media_type"});
    auto read = graphql::read_request(asked.body);
    if (auto* wrong = std::get_if<graphql::error>(&read))
        co_return refused_query(400, std::move(*wrong));
    const auto prepared = graphql::prepare(std::get<graphql::request>(read));
    if (const auto* wrong = std::get_if<std::vector<graphql::error>>(&prepared))
        co_return json_reply(400, graphql::to_json(*wrong));
    const auto& plan = std::get<graphql::plan>(prepared);
    auto ids = plan.ids();
    const auto found = co_await accounts_.find(std::move(ids));
    if (!found) {
        failures_.warn(reading, reading, found.error().why);
        co_return refused_query(503, {"The accounts cannot be read at the moment.", {}, {}, "storage_unavailable"});
    }
    failures_.forget(reading);
    co_return json_reply(200, plan.answer(*found));
}

/// The log says why; clients need not know where the file is.
reply service::unavailable(std::string_view event, const store_failure& failure)
{
    failures_.warn(event, event, failure.why);
    return error_reply(503, "storage_unavailable",
                       event == writing ? "the account cannot be stored at the moment"
                                        : "the account cannot be read at the moment");
}

} // namespace accounts
