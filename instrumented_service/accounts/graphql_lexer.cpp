#include "instrumented_service/accounts/graphql_lexer.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <utility>
#include <vector>

namespace accounts::graphql {
namespace {

using namespace std::string_view_literals;

bool is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool is_name_letter(char c)
{
    return is_name_start(c) || is_digit(c);
}

/// §2.1.1: the other control characters may be nowhere in a document, unless escaped.
bool is_forbidden(char c)
{
    return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
}

/// A byte for an error message, without raw bytes of the document.
std::string shown(char c)
{
    if (c > 0x20 && c < 0x7F)
        return "\"" + std::string(1, c) + "\"";
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "byte 0x%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
    return text.data();
}

void append_utf8(std::string& into, char32_t value)
{
    const auto last = [value](unsigned shift) { return static_cast<char>(0x80U | ((value >> shift) & 0x3FU)); };
    if (value < 0x80) {
        into += static_cast<char>(value);
    } else if (value < 0x800) {
        into += static_cast<char>(0xC0U | (value >> 6U));
        into += last(0);
    } else if (value < 0x10000) {
        into += static_cast<char>(0xE0U | (value >> 12U));
        into += last(6);
        into += last(0);
    } else {
        into += static_cast<char>(0xF0U | (value >> 18U));
        into += last(12);
        into += last(6);
        into += last(0);
    }
}

bool is_blank(std::string_view line)
{
    return line.find_first_not_of(" \t") == std::string_view::npos;
}

std::vector<std::string_view> lines_of(std::string_view text)
{
    std::vector<std::string_view> lines;
    for (;;) {
        const auto end = std::min(text.find_first_of("\r\n"), text.size());
        lines.push_back(text.substr(0, end));
        if (end == text.size())
            return lines;
        text.remove_prefix(end + (text.substr(end).starts_with("\r\n") ? 2 : 1));
    }
}

} // namespace

std::string block_text(std::string_view raw)
{
    auto lines = lines_of(raw);
    std::optional<std::size_t> common;
    for (std::size_t number = 1; number < lines.size(); ++number)
        if (!is_blank(lines[number])) {
            const auto indent = lines[number].find_first_not_of(" \t");
            common = std::min(common.value_or(indent), indent);
        }
    for (std::size_t number = 1; number < lines.size(); ++number)
        lines[number].remove_prefix(std::min(common.value_or(0), lines[number].size()));
    const auto first = std::ranges::find_if_not(lines, is_blank);
    const auto last = std::find_if_not(lines.rbegin(), std::make_reverse_iterator(first), is_blank).base();

    std::string text;
    for (auto line = first; line < last; ++line) {
        if (line != first)
            text += '\n';
        text += *line;
    }
    return text;
}

lexer::lexer(std::string_view source) : rest_(source)
{
    if (starts_with("\xEF\xBB\xBF"))
        rest_.remove_prefix(3);
}

char lexer::peek(std::size_t ahead) const
{
    return ahead < rest_.size() ? rest_[ahead] : '\0';
}

char lexer::take()
{
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U)
        ++at_.column;
    return c;
}

std::string lexer::take_all(bool (*belongs)(char))
{
    std::string taken;
    while (!rest_.empty() && belongs(rest_.front()))
        taken += take();
    return taken;
}

void lexer::take_line_end()
{
    rest_.remove_prefix(starts_with("\r\n") ? 2 : 1);
    at_ = {at_.line + 1, 1};
}

void lexer::refuse(const std::string& why) const
{
    throw syntax_error(why, at_);
}

void lexer::skip_ignored()
{
    while (!rest_.empty()) {
        const char c = rest_.front();
        if (c == '\n' || c == '\r')
            take_line_end();
        else if (c == ' ' || c == '\t' || c == ',')
            take();
        else if (c == '#')
            take_all([](char each) { return each != '\n' && each != '\r' && !is_forbidden(each); });
        else
            return;
    }
}

token lexer::next()
{
    skip_ignored();
    const auto start = at_;
    if (rest_.empty())
        return {token::kind::end, {}, start};
    const char c = rest_.front();
    if (is_name_start(c))
        return {token::kind::name, take_all(is_name_letter), start};
    if (is_digit(c) || c == '-')
        return take_number();
    if (starts_with(R"(""")"))
        return take_block_text();
    if (c == '"')
        return take_text();
    return take_punctuator();
}

token lexer::take_punctuator()
{
    const auto start = at_;
    if (starts_with("...")) {
        for (int dots = 0; dots < 3; ++dots)
            take();
        return {token::kind::punctuator, "...", start};
    }
    if ("!$&():=@[]{|}"sv.find(rest_.front()) == std::string_view::npos)
        refuse("unexpected " + shown(rest_.front()));
    return {token::kind::punctuator, std::string(1, take()), start};
}

void lexer::take_digits(std::string& into)
{
    if (!is_digit(peek()))
        refuse("a number lacks a digit");
    into += take_all(is_digit);
}

token lexer::take_number()
{
    token number{token::kind::integer, {}, at_};
    if (peek() == '-')
        number.text += take();
    if (peek() == '0' && is_digit(peek(1)))
        refuse("a number may not begin with 0");
    take_digits(number.text);
    if (peek() == '.') {
        number.what = token::kind::real;
        number.text += take();
        take_digits(number.text);
    }
    if (peek() == 'e' || peek() == 'E') {
        number.what = token::kind::real;
        number.text += take();
        if (peek() == '+' || peek() == '-')
            number.text += take();
        take_digits(number.text);
    }
    if (peek() == '.' || is_name_start(peek()))
        refuse("unexpected " + shown(peek()) + " behind a number");
    return number;
}

token lexer::take_text()
{
    token text{token::kind::text, {}, at_};
    take();
    for (;;) {
        if (rest_.empty() || peek() == '\n' || peek() == '\r')
            refuse("a string does not end");
        if (is_forbidden(peek()))
            refuse("unexpected " + shown(peek()) + " in a string");
        const char c = take();
        if (c == '"')
            return text;
        if (c == '\\')
            take_escape(text.text);
        else
            text.text += c;
    }
}

token lexer::take_block_text()
{
    constexpr auto quotes = R"(""")"sv;
    token text{token::kind::text, {}, at_};
    const auto skip = [this](std::size_t count) {
        for (; count > 0; --count)
            take();
    };
    skip(quotes.size());
    std::string raw;
    while (!starts_with(quotes)) {
        if (rest_.empty())
            refuse("a block string does not end");
        if (is_forbidden(peek()))
            refuse("unexpected " + shown(peek()) + " in a string");
        if (starts_with(R"(\""")")) {
            skip(quotes.size() + 1);
            raw += quotes;
        } else if (peek() == '\n' || peek() == '\r') {
            take_line_end();
            raw += '\n';
        } else {
            raw += take();
        }
    }
    skip(quotes.size());
    text.text = block_text(raw);
    return text;
}

void lexer::take_escape(std::string& into)
{
    constexpr auto letters = "\"\\/bfnrtu"sv;
    constexpr auto meanings = "\"\\/\b\f\n\r\t"sv;
    const auto which = rest_.empty() ? std::string_view::npos : letters.find(peek());
    if (which == std::string_view::npos)
        refuse("an unknown escape in a string");
    take();
    if (which < meanings.size())
        into += meanings[which];
    else
        append_utf8(into, take_unicode());
}

unsigned lexer::take_hex_digit()
{
    constexpr auto digits = "0123456789abcdefABCDEF"sv;
    const auto value = rest_.empty() ? std::string_view::npos : digits.find(peek());
    if (value == std::string_view::npos)
        refuse("an escape of a character lacks a hexadecimal digit");
    take();
    return static_cast<unsigned>(value < 16 ? value : value - 6);
}

/// Behind `\u`: four digits, of which two such escapes may make one character, or any number of them in braces.
char32_t lexer::take_unicode()
{
    const auto four_digits = [this] {
        char32_t value = 0;
        for (int digit = 0; digit < 4; ++digit)
            value = value * 16 + take_hex_digit();
        return value;
    };
    constexpr char32_t last = 0x10FFFF;
    char32_t value = 0;
    if (peek() == '{') {
        take();
        do
            value = std::min(value * 16 + take_hex_digit(), last + 1);
        while (peek() != '}');
        take();
    } else {
        value = four_digits();
        if (value >= 0xD800 && value < 0xDC00 && starts_with("\\u")) {
            take();
            take();
            const auto low = four_digits();
            if (low < 0xDC00 || low > 0xDFFF)
                refuse("half of a surrogate pair in a string");
            return 0x10000 + ((value - 0xD800) << 10U) + (low - 0xDC00);
        }
    }
    if (value > last || (value >= 0xD800 && value <= 0xDFFF))
        refuse("an escape of something that is no character");
    return value;
}

} // namespace accounts::graphql
