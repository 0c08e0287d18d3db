#include "agent/core/endpoints.hpp"

#include "tests/agent/core/swarm_builder.hpp"
#include "tests/fuzz/fuzz_input.hpp"

#include <string>

using namespace agent::core;

namespace {

/// Shell globs without brackets, whose rules are a book of their own.
bool fits(std::string_view glob, std::string_view name)
{
    if (glob.empty())
        return name.empty();
    if (glob.front() == '*') {
        for (std::size_t length = 0; length <= name.size(); ++length)
            if (fits(glob.substr(1), name.substr(length)))
                return true;
        return false;
    }
    if (name.empty())
        return false;
    if (glob.front() == '?')
        return fits(glob.substr(1), name.substr(1));
    const bool is_escape = glob.front() == '\\';
    if (is_escape && glob.size() == 1)
        return false;
    const auto letter = glob[is_escape ? 1 : 0];
    return letter == name.front() && fits(glob.substr(is_escape ? 2 : 1), name.substr(1));
}

bool is_ignored(const std::string& name, const std::string& glob)
{
    auto shop = service_named(name);
    shop.ports = {tcp(80)};
    swarm world;
    world.put(std::vector{overlay("net")});
    world.put(shop);
    world.put(task_of(shop, "t", {on("net", {"10.0.1.3/24"})}));
    endpoint_rules rules;
    rules.ignore_services = {"no such service", glob};
    const auto found = endpoints_of(shop, world, rules);
    const bool ignored = found.skipped.tasks.at(static_cast<std::size_t>(skip_reason::ignored)) == 1;
    fuzz::require(ignored == found.groups.empty(), "what is ignored is no target, and nothing else is");
    return ignored;
}

} // namespace

/// A service's name, a line end, a glob. Neither a name nor a flag's value holds a zero.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    constexpr std::size_t most_bytes = 80;
    constexpr std::size_t most_stars = 4; // the oracle tries everything
    const fuzz::input input(data, std::min(size, most_bytes));
    const auto text = input.rest();
    const auto end = text.find('\n');
    if (end == std::string_view::npos || text.find('\0') != std::string_view::npos)
        return 0;
    const std::string name(text.substr(0, end));
    const std::string glob(text.substr(end + 1));
    const bool ignored = is_ignored(name, glob);
    if (glob.find('[') == std::string::npos &&
        std::count(glob.begin(), glob.end(), '*') <= static_cast<int>(most_stars))
        fuzz::require(ignored == fits(glob, name), "a glob holds for the whole name");
    if (name.find_first_of("*?[\\") == std::string::npos)
        fuzz::require(is_ignored(name, name), "a plain name ignores itself");
    return 0;
}
