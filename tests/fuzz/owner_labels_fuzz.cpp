#include "agent/core/duration.hpp"
#include "agent/core/endpoint_settings.hpp"
#include "agent/core/endpoints.hpp"
#include "agent/core/ip_address.hpp"
#include "agent/core/target_set.hpp"
#include "sd_writer/check.hpp"
#include "sd_writer/json.hpp"
#include "tests/agent/core/swarm_builder.hpp"
#include "tests/fuzz/fuzz_input.hpp"

#include <charconv>
#include <map>

using namespace agent::core;

namespace {

using namespace std::chrono_literals;

/// Labels and addresses, one a line: `key=value` of the service, `!key=value` of the container, `@10.0.1.3/24`.
struct written {
    explicit written(std::string_view text)
    {
        for (const auto line : fuzz::split(text, '\n')) {
            if (line.starts_with('@'))
                addresses.emplace_back(line.substr(1));
            else if (line.starts_with('!'))
                put(container, line.substr(1));
            else
                put(service, line);
        }
    }

    static void put(std::map<std::string, std::string>& into, std::string_view line)
    {
        const auto equals = std::min(line.find('='), line.size());
        into.insert_or_assign(std::string(line.substr(0, equals)),
                              std::string(line.substr(std::min(equals + 1, line.size()))));
    }

    std::map<std::string, std::string> service;
    std::map<std::string, std::string> container;
    std::vector<std::string> addresses;
};

label_map as_labels(const std::map<std::string, std::string>& from)
{
    return {from.begin(), from.end()};
}

endpoint_rules rules_of(std::uint8_t choice)
{
    endpoint_rules rules;
    rules.select = (choice & 1U) != 0 ? selection::labelled : selection::all;
    rules.ports = (choice & 2U) != 0 ? port_source::published : port_source::target;
    rules.meta = (choice & 4U) != 0 ? meta_labels::none : meta_labels::service;
    if ((choice & 8U) != 0)
        rules.default_port = 9100;
    if ((choice & 16U) != 0)
        rules.networks = {"back", "front"};
    return rules;
}

/// A service with two tasks: on `front` with the addresses of the text, and on the host's network; both on one node.
swarm small_swarm(const service& shop, const written& text)
{
    swarm world;
    world.put({overlay("front"), overlay("back"), ingress(), host_network()});
    world.put(node_at("node-1", text.addresses.empty() ? "192.168.0.1" : text.addresses.back()));
    world.put(shop);
    auto one = task_of(shop, "t1", {on("ingress", {"10.0.0.3/24"}), on("front", text.addresses)});
    one.container_labels = as_labels(text.container);
    world.put(one);
    world.put(task_of(shop, "t2", {on("host", {})}));
    return world;
}

bool is_target(std::string_view text)
{
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos)
        return false;
    const auto port_text = text.substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
    auto host = text.substr(0, colon);
    const bool bracketed = host.starts_with('[') && host.ends_with(']');
    if (bracketed)
        host = host.substr(1, host.size() - 2);
    const auto address = scrapable_address(host);
    return error == std::errc{} && end == port_text.data() + port_text.size() && port != 0 && address &&
           address->v6 == bracketed;
}

std::string_view find(const sd_writer::label_set& labels, std::string_view name)
{
    const auto found =
        std::find_if(labels.begin(), labels.end(), [name](const auto& each) { return each.first == name; });
    return found == labels.end() ? std::string_view{} : std::string_view(found->second);
}

/// Names with two underscores in front are Prometheus' own; these are the ones that this program may write.
bool may_be_written(std::string_view name)
{
    constexpr std::array<std::string_view, 4> known{"__metrics_path__", "__scheme__", "__scrape_interval__",
                                                    "__scrape_timeout__"};
    return is_label_name(name) && name != "instance" &&
           (!name.starts_with("__") || name.starts_with("__param_") || name.starts_with("__meta_dockerswarm_") ||
            std::find(known.begin(), known.end(), name) != known.end());
}

void require_times(const sd_writer::label_set& labels)
{
    const auto interval_text = find(labels, "__scrape_interval__");
    const auto timeout_text = find(labels, "__scrape_timeout__");
    const auto interval = parse_duration(interval_text);
    const auto timeout = parse_duration(timeout_text);
    fuzz::require(interval_text.empty() || (interval && *interval >= 5s && *interval <= 1h), "an interval is bounded");
    fuzz::require(timeout_text.empty() || (timeout && *timeout > 0s), "a timeout is a time");
    fuzz::require(interval_text.empty() || (timeout && *timeout <= *interval), "a timeout fits into its interval");
}

void require_sound(const sd_writer::target_group& group, const std::string& service_name)
{
    fuzz::require(std::all_of(group.targets.begin(), group.targets.end(), is_target), "a target is address and port");
    const auto not_before = [](const auto& left, const auto& right) { return left.first >= right.first; };
    fuzz::require(std::adjacent_find(group.labels.begin(), group.labels.end(), not_before) == group.labels.end(),
                  "labels are sorted, and each is there once");
    for (const auto& [name, value] : group.labels)
        fuzz::require(may_be_written(name) && !value.empty(), "a label has a name of its owner's, and a value");
    fuzz::require(find(group.labels, "task") == service_name, "a target has its service's name");
    const auto path = find(group.labels, "__metrics_path__");
    fuzz::require(path.empty() || path.starts_with('/'), "a path begins with a slash");
    const auto scheme = find(group.labels, "__scheme__");
    fuzz::require(scheme.empty() || scheme == "http" || scheme == "https", "a scheme is one that Prometheus knows");
    require_times(group.labels);
}

void require_accepted(const std::vector<sd_writer::target_group>& groups)
{
    const auto checked = sd_writer::check(sd_writer::to_json(groups));
    fuzz::require(!checked.error, "Prometheus takes what the labels come to");
    fuzz::require(checked.groups == groups.size() && checked.targets == sd_writer::count_targets(groups),
                  "and all of it");
}

} // namespace

/// Which rules, then lines as in `written`.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    fuzz::input input(data, size);
    const auto rules = rules_of(input.byte());
    const written text(input.rest());
    auto shop = service_named("shop");
    shop.labels = as_labels(text.service);
    shop.ports = {tcp(8080, 80), udp(53, 53)};
    const auto world = small_swarm(shop, text);

    const auto found = endpoints_of(shop, world, rules);
    for (const auto& group : found.groups)
        require_sound(group, shop.name);
    require_accepted(found.groups);
    fuzz::require(sd_writer::canonical(found.groups) == found.groups, "the groups are canonical");

    target_set all(role::endpoints, {.endpoints = rules});
    all.refresh_all(world);
    model_changes again;
    again.concerned = {shop.id};
    fuzz::require(!all.refresh(again, world), "the same swarm is no change");
    fuzz::require(all.groups() == found.groups, "one service's targets are all there are");
    return 0;
}
