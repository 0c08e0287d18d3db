#pragma once

#include "agent/docker/list_splitter.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace support {

/// What becomes of a whole list.
struct split_list {
    std::vector<std::string> elements;
    std::optional<agent::docker::list_defect> defect;
    bool is_complete = false;

    friend bool operator==(const split_list&, const split_list&) = default;
};

/// The obvious way, for comparison.
inline split_list split_naively(std::string_view text, std::size_t most_element_bytes)
{
    using agent::docker::list_defect;
    split_list found;
    const auto refuse = [&found](list_defect::kind what, std::size_t where) {
        found.defect = {what, where};
        found.is_complete = false;
        return found;
    };

    std::string awaited = "[";
    std::size_t at = 0;
    while (at < text.size()) {
        const char letter = text[at++];
        if (std::string_view(" \n\r\t").find(letter) != std::string_view::npos)
            continue;
        if (awaited.find(letter) == std::string::npos)
            return refuse(list_defect::kind::malformed, at - 1);
        awaited = letter == '[' ? "{]" : letter == ',' ? "{" : ""; // behind `]` there is nothing
        found.is_complete = letter == ']';
        if (letter != '{')
            continue;

        const auto begin = at - 1;
        bool in_string = false;
        bool is_escaped = false;
        for (std::size_t depth = 1; depth > 0; ++at) {
            if (at - begin > most_element_bytes)
                return refuse(list_defect::kind::too_large, begin);
            if (at == text.size())
                return found;
            const char inner = text[at];
            if (is_escaped) {
                is_escaped = false;
            } else if (inner == '\\') {
                if (!in_string)
                    return refuse(list_defect::kind::malformed, at);
                is_escaped = true;
            } else if (inner == '"') {
                in_string = !in_string;
            } else if (!in_string) {
                depth += inner == '{' || inner == '[' ? 1 : 0;
                depth -= inner == '}' || inner == ']' ? 1 : 0;
            }
        }
        if (at - begin > most_element_bytes)
            return refuse(list_defect::kind::too_large, begin);
        found.elements.emplace_back(text.substr(begin, at - begin));
        awaited = ",]";
    }
    return found;
}

/// What a splitter makes of a list that comes in these pieces, each of which is gone when the next one comes.
template <class Pieces>
split_list split_in_pieces(const Pieces& pieces, std::size_t most_element_bytes, agent::docker::json_scan how)
{
    agent::docker::list_splitter splitter(most_element_bytes, how);
    split_list found;
    for (const std::string_view piece : pieces) {
        const std::vector<char> only(piece.begin(), piece.end()); // so that reading on is noticed
        splitter.push({only.data(), only.size()});
        while (const auto element = splitter.next()) {
            const std::string with_padding(element->data(),
                                           element->size() + agent::docker::list_splitter::padding_bytes);
            found.elements.push_back(with_padding.substr(0, element->size()));
        }
    }
    found.defect = splitter.defect();
    found.is_complete = splitter.is_complete();
    return found;
}

/// Both ways of scanning, or one where the processor has no other.
inline std::vector<agent::docker::json_scan> json_scans()
{
    if (agent::docker::has_simd_scan())
        return {agent::docker::json_scan::portable, agent::docker::json_scan::simd};
    return {agent::docker::json_scan::portable};
}

} // namespace support
