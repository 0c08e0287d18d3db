#pragma once

#include "instrumented_service/accounts/account.hpp"
#include "instrumented_service/accounts/graphql_syntax.hpp"

#include <boost/json/object.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace accounts::graphql {

constexpr std::size_t most_accounts = 100; ///< that one request may ask for

/// What a client sends.
struct request {
    std::string query;
    std::string operation; ///< which one; may be none where there is but one
    boost::json::object variables;
};

/// Reads `{"query":"…","operationName":"…","variables":{…}}`; `extensions` are passed over.
[[nodiscard]] std::variant<request, error> read_request(std::string_view body);

/// What is left to do when a request has been understood: find accounts, and put them where they belong.
class plan {
public:
    /// The accounts to find, each once.
    [[nodiscard]] const std::vector<std::string>& ids() const { return ids_; }

    /// The answer's body. An account that is not there is `null`, and an error says so.
    ///
    /// @param found  what `ids()` are, in that order
    [[nodiscard]] std::string answer(const std::vector<std::optional<account>>& found) const;

private:
    friend class planner;

    enum class leaf { id, name, type_name };
    struct account_field {
        std::optional<std::size_t> which{}; ///< in `ids_`; none: the argument is null
        location where{};
        std::vector<std::pair<std::string, leaf>> leaves{};
    };
    struct type_name {};

    std::vector<std::string> ids_;
    std::vector<std::pair<std::string, std::variant<type_name, account_field>>> fields_;
};

/// Parses, checks, and chooses the operation.
///
/// @return why the request cannot be carried out, where it cannot
[[nodiscard]] std::variant<plan, std::vector<error>> prepare(const request& asked);

/// The body of an answer without data.
[[nodiscard]] std::string to_json(const std::vector<error>& errors);

} // namespace accounts::graphql
