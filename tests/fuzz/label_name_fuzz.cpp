#include "agent/core/label_builder.hpp"

#include "agent/core/endpoint_settings.hpp"
#include "tests/fuzz/fuzz_input.hpp"
#include "tests/fuzz/utf8.hpp"

#include <algorithm>
#include <map>
#include <string>

using namespace agent::core;

namespace {

/// As the regular expression of Prometheus' `strutil.SanitizeLabelName` reads it: character by character.
std::string expected(std::string_view key)
{
    constexpr std::string_view word = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    std::string name;
    while (!key.empty()) {
        const auto bytes = fuzz::character_bytes(key);
        const bool stays = bytes == 1 && word.find(key.front()) != std::string_view::npos;
        name += stays ? key.front() : '_';
        key.remove_prefix(bytes);
    }
    return name;
}

} // namespace

/// Docker labels, `key=value`, one a line; text of the engine is UTF-8.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const fuzz::input input(data, size);
    std::map<std::string, std::string> given;
    const auto text = fuzz::as_utf8(input.rest());
    for (const auto line : fuzz::split(text, '\n')) {
        const auto equals = std::min(line.find('='), line.size());
        given.emplace(line.substr(0, equals), line.substr(std::min(equals + 1, line.size())));
    }

    std::map<std::string, std::string> wanted;
    for (const auto& [key, value] : given) { // of equal names the one whose key sorts first
        const auto name = sanitized_label_name(key);
        fuzz::require(name == expected(key), "a name is what Prometheus makes of the key");
        fuzz::require(sanitized_label_name(name) == name, "and stays so");
        wanted.emplace("__meta_x_" + name, value);
    }
    std::erase_if(wanted, [](const auto& label) { return label.second.empty(); });

    label_builder labels("__meta_");
    labels.add_all("x", {given.begin(), given.end()});
    const auto found = labels.labels();
    fuzz::require(std::equal(found.begin(), found.end(), wanted.begin(), wanted.end(),
                             [](const auto& a, const auto& b) { return a.first == b.first && a.second == b.second; }),
                  "the first key of each name wins, and empty values are none");
    for (const auto& [name, value] : found)
        fuzz::require(is_label_name(name), "each name is one");
    return 0;
}
