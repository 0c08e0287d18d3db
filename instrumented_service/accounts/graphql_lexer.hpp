#pragma once

#include "instrumented_service/accounts/graphql_syntax.hpp"

#include <stdexcept>
#include <string>
#include <string_view>

namespace accounts::graphql {

/// The text is no GraphQL. Thrown inside the parser, which makes an `error` of it.
class syntax_error : public std::runtime_error {
public:
    syntax_error(const std::string& what, location at) : std::runtime_error(what), where(at) {}

    location where;
};

struct token {
    enum class kind { end, punctuator, name, integer, real, text };

    kind what = kind::end;
    std::string text{}; ///< the punctuator, the name, the digits, or the text with its escapes read
    location where{};
};

/// Cuts a document into its tokens, one after the other.
class lexer {
public:
    /// @param source  UTF-8; must outlive the lexer
    explicit lexer(std::string_view source);

    /// @throws syntax_error
    [[nodiscard]] token next();

private:
    [[nodiscard]] char peek(std::size_t ahead = 0) const;
    [[nodiscard]] bool starts_with(std::string_view text) const { return rest_.starts_with(text); }
    char take();
    std::string take_all(bool (*belongs)(char));
    void take_line_end();
    void skip_ignored();
    [[noreturn]] void refuse(const std::string& why) const;

    token take_punctuator();
    token take_number();
    void take_digits(std::string& into);
    token take_text();
    token take_block_text();
    void take_escape(std::string& into);
    char32_t take_unicode();
    unsigned take_hex_digit();

    std::string_view rest_;
    location at_;
};

/// The value of a block string: common indentation and blank lines at both ends removed (§2.9.4).
[[nodiscard]] std::string block_text(std::string_view raw);

} // namespace accounts::graphql
