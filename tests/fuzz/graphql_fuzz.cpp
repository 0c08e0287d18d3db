#include "instrumented_service/accounts/graphql_request.hpp"

#include "instrumented_service/accounts/graphql_check.hpp"
#include "tests/fuzz/fuzz_input.hpp"
#include "tests/fuzz/utf8.hpp"

#include <boost/json/parse.hpp>

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

using namespace accounts;

namespace {

void require_json(const std::string& text)
{
    boost::system::error_code error;
    const auto value = boost::json::parse(text, error);
    fuzz::require(!error && value.is_object(), "an answer is a JSON object");
}

void require_sound(const std::vector<graphql::error>& errors)
{
    fuzz::require(!errors.empty() && errors.size() <= graphql::most_errors, "a refusal has reasons");
    for (const auto& one : errors) {
        fuzz::require(!one.message.empty(), "a reason is words");
        fuzz::require(one.path.empty(), "a refusal is about no field");
        for (const auto& where : one.locations)
            fuzz::require(where.line > 0 && where.column > 0, "places are counted from 1");
    }
    require_json(graphql::to_json(errors));
}

/// Every second account is there.
void require_sound(const graphql::plan& todo)
{
    fuzz::require(todo.ids().size() <= graphql::most_accounts, "an answer has a bound");
    std::vector<std::optional<account>> found;
    for (const auto& id : todo.ids())
        found.push_back(found.size() % 2 == 0 ? std::optional(account{id, "name"}) : std::nullopt);
    require_json(todo.answer(found));
}

void run(graphql::request asked)
{
    const auto prepared = graphql::prepare(asked);
    if (const auto* errors = std::get_if<std::vector<graphql::error>>(&prepared))
        require_sound(*errors);
    else
        require_sound(std::get<graphql::plan>(prepared));
}

} // namespace

/// A document, and as what it is sent: the body of a request.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const fuzz::input input(data, size);
    const auto text = fuzz::as_utf8(input.rest()); // a request's JSON lets nothing else through
    run({text, {}, {}});
    run({text, "a", {{"a", "1"}, {"b", true}, {"c", 3}}});

    auto read = graphql::read_request(input.rest());
    if (const auto* wrong = std::get_if<graphql::error>(&read))
        require_sound(std::vector<graphql::error>{*wrong});
    else
        run(std::get<graphql::request>(std::move(read)));
    return 0;
}
