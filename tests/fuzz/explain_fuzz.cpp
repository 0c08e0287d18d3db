#include "agent/core/explanation.hpp"

#include "tests/agent/core/swarm_builder.hpp"
#include "tests/fuzz/fuzz_input.hpp"
#include "tests/fuzz/utf8.hpp"

#include <algorithm>
#include <string>

using namespace agent::core;

namespace {

/// Whoever wrote it, a terminal is asked for nothing but to show it.
void require_harmless(const std::string& text)
{
    constexpr std::size_t longest_line = 1000;
    fuzz::require(text.ends_with('\n'), "it ends in a line end");
    for (const auto line : fuzz::split(text, '\n')) {
        fuzz::require(line.size() <= longest_line, "no line is very long");
        for (std::size_t at = 0; at < line.size(); ++at) {
            const auto byte = static_cast<unsigned char>(line[at]);
            const auto next = at + 1 < line.size() ? static_cast<unsigned char>(line[at + 1]) : 0U;
            const bool is_c1 = byte == 0xC2 && next >= 0x80 && next < 0xA0;
            fuzz::require(byte >= 0x20 && byte != 0x7f && !is_c1, "nothing in it moves a cursor");
        }
    }
}

std::size_t expected_lines(const explanation& value)
{
    if (value.service_id.empty())
        return 1 + value.nearest.size();
    std::size_t count = 1 + value.labels.size() + (value.tasks.empty() ? 1 : 0);
    for (const auto& one : value.tasks)
        count += 1 + one.steps.size() + one.targets.size();
    return count + (value.skipped.tasks.at(static_cast<std::size_t>(skip_reason::over_quota)) > 0 ? 1 : 0);
}

void require_sound(const explanation& value, bool is_utf8)
{
    const auto text = to_text(value);
    require_harmless(text);
    fuzz::require(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) == expected_lines(value),
                  "nothing in it ends a line");
    fuzz::require(!is_utf8 || fuzz::is_utf8(text), "and it is cut between characters");
}

} // namespace

/// What is asked for, then a service's name, a task's ID, a network's name, an address and labels, divided by 0x1e.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const fuzz::input input(data, size);
    auto parts = fuzz::split(input.rest(), '\x1e');
    const bool is_utf8 = std::all_of(parts.begin(), parts.end(), [](auto part) { return fuzz::is_utf8(part); });
    parts.resize(std::max<std::size_t>(parts.size(), 5));

    auto shop = service_named(std::string(parts[1]));
    for (const auto label : fuzz::split(parts.back(), '\n'))
        shop.labels.emplace_back(label, label.substr(std::min(label.find('='), label.size())));
    std::sort(shop.labels.begin(), shop.labels.end());
    const auto same_name = [](const auto& a, const auto& b) { return a.first == b.first; };
    shop.labels.erase(std::unique(shop.labels.begin(), shop.labels.end(), same_name), shop.labels.end());
    swarm world;
    world.put(std::vector{network{"id-net", std::string(parts[3]), "overlay"}});
    world.put(shop);
    world.put(service_named("stock"));
    world.put(task_of(shop, std::string(parts[2]), {on("net", {std::string(parts[4])})}));

    endpoint_rules rules;
    rules.default_port = 9100;
    rules.ignore_services = {std::string(parts[0])};
    for (const auto asked : {parts[0], parts[1], std::string_view(shop.id), std::string_view("id-stock")})
        require_sound(explain(asked, world, rules), is_utf8);
    return 0;
}
