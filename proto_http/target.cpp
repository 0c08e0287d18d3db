#include "proto_http/target.hpp"

#include "proto_http/hex.hpp"

#include <algorithm>

namespace proto_http {
namespace {

constexpr std::string_view hex_digits = "0123456789ABCDEF";

/// RFC 3986 §2.3.
constexpr bool is_unreserved(char letter) noexcept
{
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
           letter == '-' || letter == '.' || letter == '_' || letter == '~';
}

std::optional<std::string> decode_query_text(std::string_view text)
{
    std::string blanks(text);
    std::ranges::replace(blanks, '+', ' ');
    return percent_decode(blanks);
}

/// `name=value`, `name` or `name=`.
std::optional<std::pair<std::string, std::string>> decode_pair(std::string_view text)
{
    const auto equals = std::min(text.find('='), text.size());
    auto name = decode_query_text(text.substr(0, equals));
    auto value = decode_query_text(text.substr(std::min(equals + 1, text.size())));
    if (!name || !value)
        return std::nullopt;
    return std::pair(*std::move(name), *std::move(value));
}

std::optional<field_list> decode_query(std::string_view text)
{
    field_list pairs;
    while (!text.empty()) {
        const auto piece = text.substr(0, text.find('&'));
        text.remove_prefix(std::min(piece.size() + 1, text.size()));
        if (piece.empty())
            continue;
        auto pair = decode_pair(piece);
        if (!pair)
            return std::nullopt;
        pairs.push_back(*std::move(pair));
    }
    return pairs;
}

} // namespace

std::string percent_encode(std::string_view text)
{
    std::string encoded;
    encoded.reserve(text.size());
    for (const char letter : text) {
        if (is_unreserved(letter)) {
            encoded += letter;
            continue;
        }
        const auto byte = static_cast<unsigned char>(letter);
        encoded += {'%', hex_digits[byte >> 4U], hex_digits[byte & 15U]};
    }
    return encoded;
}

std::optional<std::string> percent_decode(std::string_view text)
{
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '%') {
            decoded += text[at];
            continue;
        }
        if (text.size() - at < 3)
            return std::nullopt;
        const int high = hex_value(text[at + 1]);
        const int low = hex_value(text[at + 2]);
        if (high < 0 || low < 0)
            return std::nullopt;
        decoded += static_cast<char>(high * 16 + low);
        at += 2;
    }
    return decoded;
}

std::optional<split_target> split(std::string_view target)
{
    // A fragment never goes over the wire (RFC 9112 §3.2.1).
    if (!target.starts_with('/') || target.find('#') != std::string_view::npos)
        return std::nullopt;

    const auto mark = std::min(target.find('?'), target.size());
    auto path = percent_decode(target.substr(0, mark));
    auto query = decode_query(target.substr(std::min(mark + 1, target.size())));
    if (!path || !query)
        return std::nullopt;
    return split_target{*std::move(path), *std::move(query)};
}

} // namespace proto_http
