#include "tests/support/documented_calls.hpp"

#include "proto_http/target.hpp"

#include <algorithm>
#include <fstream>
#include <optional>
#include <regex>
#include <stdexcept>

namespace support {
namespace {

/// `/services/ID` for `/v1.41/services/x`; nothing when the version is missing.
std::optional<std::string> as_documented(const std::string& path)
{
    if (path == "/_ping")
        return path;
    static const std::regex versioned(R"(/v1\.\d+(/[^_].*))");
    static const std::regex object("/(services|nodes|tasks)/[^/]+");
    std::smatch found;
    if (!std::regex_match(path, found, versioned))
        return std::nullopt;
    const auto rest = found[1].str();
    return std::regex_match(rest, found, object) ? "/" + found[1].str() + "/ID" : rest;
}

} // namespace

documented_calls::documented_calls()
{
    std::ifstream document(SOURCE_DIR "/docs/architecture.md");
    static const std::regex row(R"(\| `(GET|HEAD) (\S+)` \| ([^|]*)\|.*)");
    static const std::regex key("`([^`]+)`");
    std::smatch found;
    for (std::string line; std::getline(document, line);) {
        if (!std::regex_match(line, found, row))
            continue;
        call one{line, found[1], found[2], {}};
        const auto keys = found[3].str();
        for (std::sregex_iterator at(keys.begin(), keys.end(), key), end; at != end; ++at)
            one.query.insert((*at)[1]);
        calls_.push_back(std::move(one));
    }
    if (calls_.empty())
        throw std::runtime_error("docs/architecture.md has no table of requests");
}

bool documented_calls::allow(std::string_view method, std::string_view target)
{
    const auto split = proto_http::split(target);
    const auto path = split ? as_documented(split->path) : std::nullopt;
    if (!path)
        return false;
    std::set<std::string> keys;
    for (const auto& [name, value] : split->query)
        keys.insert(name);
    const auto found = std::find_if(calls_.begin(), calls_.end(), [&](const call& one) {
        return one.method == method && one.path == *path && one.query == keys;
    });
    if (found == calls_.end())
        return false;
    found->seen = true;
    return true;
}

std::vector<std::string> documented_calls::unseen() const
{
    std::vector<std::string> rows;
    for (const auto& one : calls_)
        if (!one.seen)
            rows.push_back(one.row);
    return rows;
}

} // namespace support
