#include "instrumented_service/accounts/account.hpp"

#include <algorithm>

namespace accounts {
namespace {

bool is_id_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/// C0, DEL, and C1, which UTF-8 writes as C2 80 to C2 9F.
bool has_control_character(std::string_view text)
{
    unsigned char before = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7F || (before == 0xC2 && byte < 0xA0))
            return true;
        before = byte;
    }
    return false;
}

std::size_t count_characters(std::string_view text)
{
    const auto starts_one = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; };
    return static_cast<std::size_t>(std::ranges::count_if(text, starts_one));
}

} // namespace

bool is_valid_id(std::string_view text) noexcept
{
    return !text.empty() && text.size() <= longest_id && std::ranges::all_of(text, is_id_letter);
}

std::optional<std::string> name_fault(std::string_view text)
{
    if (text.empty())
        return "must not be empty";
    if (has_control_character(text))
        return "must not have control characters";
    if (text.find_first_not_of(' ') == std::string_view::npos)
        return "must not be blank";
    const auto characters = count_characters(text);
    if (characters > longest_name)
        return "must not have more than " + std::to_string(longest_name) + " characters, and has " +
               std::to_string(characters);
    return std::nullopt;
}

} // namespace accounts
