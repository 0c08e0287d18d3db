#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace agent::shell {

/// Text as HTML, fit for an element's content and for a quoted attribute's value.
///
/// What is no UTF-8, control characters, and those that turn the direction of writing become U+FFFD: a name must not be
/// able to hide or to rearrange what stands beside it. Tab and line end stay.
[[nodiscard]] std::string html_escaped(std::string_view text);

/// A page being written. Markup can only be a literal of the program; whatever else is written is escaped.
class html {
public:
    template <std::size_t Size>
    html& markup(const char (&literal)[Size]) // NOLINT(modernize-avoid-c-arrays): a literal's type
    {
        out_.append(literal, Size - 1);
        return *this;
    }
    html& text(std::string_view value)
    {
        out_ += html_escaped(value);
        return *this;
    }
    html& number(std::size_t value);

    /// Text from outside, kept apart from the writing direction of what is around it.
    html& name(std::string_view value) { return markup("<bdi>").text(value).markup("</bdi>"); }

    [[nodiscard]] std::string take() { return std::move(out_); }

private:
    std::string out_;
};

} // namespace agent::shell
