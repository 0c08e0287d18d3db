#pragma once

#include "agent/core/model.hpp"
#include "tests/fuzz/fuzz_input.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// What must hold of everything that `agent/docker/decode` makes out of an engine's bytes.
namespace fuzz {

void require_sound(const agent::core::service& value);
void require_sound(const agent::core::node& value);
void require_sound(const agent::core::task& value);
void require_sound(const agent::core::network& value);
void require_sound(const agent::core::container& value);
/// Those that tasks are attached to: each is there once.
void require_sound(const std::vector<agent::core::network>& values);

/// Whether a text may stand within another one without being too deep for the decoder: few enough brackets.
[[nodiscard]] bool is_shallow(std::string_view json);

/// Without the blanks around it.
[[nodiscard]] std::string_view trimmed(std::string_view json);

/// Requires of a text that was decoded that no beginning of it can be: a cut answer is no answer.
template <class IsDecoded>
void require_whole(std::string_view json, IsDecoded is_decoded)
{
    const auto text = trimmed(json);
    for (const auto length : {text.size() - 1, text.size() / 2, text.size() * 7 % (text.size() + 1), std::size_t{0}})
        require(length == text.size() || !is_decoded(std::string(text.substr(0, length))), "a cut answer is refused");
}

/// Requires of a list that was decoded that one element without an ID spoils all of it.
template <class IsDecoded>
void require_all_or_nothing(std::string_view json, IsDecoded is_decoded)
{
    require_whole(json, is_decoded);
    const auto text = trimmed(json);
    const auto without_end = std::string(text.substr(0, text.size() - 1));
    const bool is_empty = trimmed(std::string_view(without_end).substr(1)).empty();
    require(!is_decoded(without_end + (is_empty ? "{}]" : ",{}]")), "an element without its ID spoils the list");
}

} // namespace fuzz
