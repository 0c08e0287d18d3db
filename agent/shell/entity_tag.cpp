#include "agent/shell/entity_tag.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>

namespace agent::shell {

std::string entity_tag(std::string_view document)
{
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char c : document) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 0x100000001b3U;
    }
    std::array<char, 24> text{};
    const auto length = std::snprintf(text.data(), text.size(), "\"%016llx\"", static_cast<unsigned long long>(hash));
    return {text.data(), static_cast<std::size_t>(length)};
}

bool lists_tag(std::string_view list, std::string_view tag)
{
    return list == "*" || list.find(tag) != std::string_view::npos;
}

} // namespace agent::shell
