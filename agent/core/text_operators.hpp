#pragma once

#include <compare>
#include <concepts>
#include <ostream>
#include <string_view>
#include <type_traits>

namespace agent::core {

/// Gives a type that is a text in another form (`operator std::string_view`) the operators of one: it compares with
/// itself and with every kind of text by its contents.
template <class Self>
struct text_operators {
    friend bool operator==(const Self& a, const Self& b) noexcept
    {
        const auto left = view(a);
        const auto right = view(b);
        const bool same_place = left.data() == right.data() && left.size() == right.size();
        return same_place || left == right;
    }
    friend auto operator<=>(const Self& a, const Self& b) noexcept { return view(a) <=> view(b); }

    template <class Other>
    requires(std::convertible_to<const Other&, std::string_view> &&
             !std::derived_from<Other, text_operators>) friend bool
    operator==(const Self& a, const Other& b) noexcept
    {
        return view(a) == std::string_view(b);
    }
    template <class Other>
    requires(std::convertible_to<const Other&, std::string_view> &&
             !std::derived_from<Other, text_operators>) friend auto
    operator<=>(const Self& a, const Other& b) noexcept
    {
        return view(a) <=> std::string_view(b);
    }

    friend std::ostream& operator<<(std::ostream& out, const Self& text) { return out << view(text); }

private:
    static std::string_view view(const Self& text) noexcept { return static_cast<std::string_view>(text); }
};

} // namespace agent::core
