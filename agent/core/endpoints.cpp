#include "agent/core/endpoints.hpp"

#include "agent/core/endpoint_settings.hpp"
#include "agent/core/ip_address.hpp"
#include "agent/core/meta_labels.hpp"
#include "agent/core/owner_labels.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string_view>

#include <fnmatch.h>

namespace agent::core {
namespace {

constexpr std::uint32_t highest_port = 65535;

bool is_ignored(const std::string& name, const std::vector<std::string>& globs)
{
    return std::any_of(globs.begin(), globs.end(),
                       [&name](const std::string& glob) { return fnmatch(glob.c_str(), name.c_str(), 0) == 0; });
}

/// Why the labels keep this task from being scraped, if they do.
std::optional<skip_reason> rejected_by_labels(const owner_labels& labels, selection mode, skip_counts& skipped)
{
    const auto text = labels.find("scrape");
    const auto wish = text ? parse_boolean(*text) : std::nullopt;
    if (text && !wish)
        skipped.add(bad_label::boolean);

    const bool taken = mode == selection::all ? wish.value_or(true) : wish.value_or(false);
    return taken ? std::nullopt : std::optional(skip_reason::not_selected);
}

/// A port as the rules chose it. `target` is what the program listens on, `joined` what goes behind the address.
struct chosen_port {
    std::uint32_t target = 0;
    std::uint32_t joined = 0;

    friend auto operator<=>(const chosen_port&, const chosen_port&) = default;
};

struct chosen_ports {
    std::vector<chosen_port> good;
    std::size_t bad = 0;
};

bool is_valid(std::uint32_t number)
{
    return number >= 1 && number <= highest_port;
}

/// The service's own TCP port: of several the one with the lowest target port.
chosen_ports service_port(const std::vector<port>& ports, port_source source)
{
    chosen_ports chosen;
    for (const auto& candidate : ports) {
        const auto joined = source == port_source::target ? candidate.target : candidate.published;
        if (candidate.protocol != transport::tcp || joined == 0)
            continue;
        const chosen_port port{candidate.target, joined};
        if (!is_valid(port.target) || !is_valid(port.joined))
            chosen.bad = 1;
        else if (chosen.good.empty())
            chosen.good.push_back(port);
        else
            chosen.good.front() = std::min(chosen.good.front(), port);
    }
    if (!chosen.good.empty())
        chosen.bad = 0;
    return chosen;
}

chosen_ports choose_ports(const endpoint_settings& settings, const service& subject, const endpoint_rules& rules)
{
    if (settings.ports) {
        chosen_ports chosen;
        chosen.bad = settings.ports->bad;
        for (const auto number : settings.ports->good)
            chosen.good.push_back({number, number});
        return chosen;
    }
    auto chosen = service_port(subject.ports, rules.ports);
    if (chosen.good.empty() && chosen.bad == 0 && rules.default_port)
        chosen.good.push_back({*rules.default_port, *rules.default_port});
    return chosen;
}

/// A task's place on a network that is known.
struct place {
    const network* where;
    const attachment* what;
};

std::vector<place> places_by_name(const task& subject, const swarm& world)
{
    std::vector<place> places;
    for (const auto& attached : subject.attachments)
        if (const auto* found = world.find_network(attached.network_id); found && !found->ingress)
            places.push_back({found, &attached});
    std::stable_sort(places.begin(), places.end(),
                     [](const place& a, const place& b) { return a.where->name < b.where->name; });
    return places;
}

/// The places that are on one of `names`, in the order of the names.
std::vector<place> named_places(const std::vector<place>& places, const std::vector<std::string>& names)
{
    std::vector<place> chosen;
    for (const auto& name : names)
        for (const auto& candidate : places)
            if (candidate.where->name == name)
                chosen.push_back(candidate);
    return chosen;
}

/// Networks of the service that `rules.prometheus_service` names; none while there is no such service.
std::set<std::string_view> prometheus_networks(const swarm& world, const endpoint_rules& rules)
{
    const auto* prometheus =
        rules.prometheus_service.empty() ? nullptr : world.find_service_by_name(rules.prometheus_service);
    return prometheus ? std::set<std::string_view>(prometheus->network_ids.begin(), prometheus->network_ids.end())
                      : std::set<std::string_view>{};
}

/// The places that the first given source of networks allows, in its order.
std::vector<place> allowed_places(const task& subject, const endpoint_settings& settings, const swarm& world,
                                  const endpoint_rules& rules, const std::set<std::string_view>& prometheus)
{
    auto places = places_by_name(subject, world);
    if (!settings.networks.empty())
        return named_places(places, settings.networks);
    if (!rules.networks.empty())
        return named_places(places, rules.networks);
    if (!rules.prometheus_service.empty()) {
        std::erase_if(places,
                      [&prometheus](const place& candidate) { return !prometheus.contains(candidate.where->id); });
        return places;
    }
    std::erase_if(places, [](const place& candidate) { return candidate.where->driver != "overlay"; });
    return places;
}

/// The address on one network: IPv4 before IPv6, refused ones passed over.
std::optional<ip_address> address_on(const attachment& attached)
{
    std::optional<ip_address> v6;
    for (const auto& cidr : attached.addresses) {
        auto address = scrapable_address(cidr);
        if (address && !address->v6)
            return address;
        if (address && !v6)
            v6 = std::move(address);
    }
    return v6;
}

/// An address, and the network that it is on.
struct reachable {
    ip_address address;
    const network* where;
};

std::optional<reachable> network_address(const std::vector<place>& places)
{
    for (const auto& candidate : places)
        if (auto address = address_on(*candidate.what))
            return reachable{*std::move(address), candidate.where};
    return std::nullopt;
}

/// How the service publishes the port that its program listens on.
publish_mode mode_of(const service& subject, std::uint32_t target_port)
{
    for (const auto& offered : subject.ports)
        if (offered.protocol == transport::tcp && offered.target == target_port)
            return offered.mode;
    return publish_mode::unknown;
}

bool is_on_host_network(const task& subject, const swarm& world)
{
    return std::any_of(subject.attachments.begin(), subject.attachments.end(), [&world](const attachment& attached) {
        const auto* found = world.find_network(attached.network_id);
        return found && (found->driver == "host" || found->name == "host");
    });
}

/// The port under which the node itself offers `wanted`, if it does.
std::optional<std::uint32_t> port_on_node(const task& subject, const chosen_port& wanted, const swarm& world)
{
    for (const auto& offered : subject.host_ports)
        if (offered.protocol == transport::tcp && offered.target == wanted.target && is_valid(offered.published))
            return offered.published;
    return is_on_host_network(subject, world) ? std::optional(wanted.joined) : std::nullopt;
}

std::optional<std::string> node_target(const task& subject, const chosen_port& wanted, const swarm& world)
{
    const auto* host = world.find_node(subject.node_id);
    const auto address = host ? scrapable_address(host->address) : std::nullopt;
    const auto port = port_on_node(subject, wanted, world);
    return address && port ? std::optional(join_host_port(*address, *port)) : std::nullopt;
}

// --- What the rules went by, in words ---

std::string joined(const std::vector<std::string>& words)
{
    std::string text;
    for (const auto& word : words)
        text += (text.empty() ? "" : ", ") + word;
    return text.empty() ? "none" : text;
}

std::string state_seen(const task& candidate)
{
    return std::string(to_string(candidate.state)) + ", desired " + std::string(to_string(candidate.desired));
}

std::string selection_seen(const owner_labels& labels, selection mode)
{
    const auto wish = labels.find("scrape");
    return std::string(mode == selection::all ? "--select=all" : "--select=labelled") +
           (wish ? ", label prometheus.scrape=" + std::string(*wish) : ", no label prometheus.scrape");
}

std::string port_seen(const endpoint_settings& settings, const chosen_ports& chosen, const service& subject,
                      const endpoint_rules& rules)
{
    std::vector<std::string> good;
    for (const auto& port : chosen.good)
        good.push_back(std::to_string(port.joined));
    const auto bad = chosen.bad == 0 ? std::string{} : ", " + std::to_string(chosen.bad) + " that is no port";
    if (settings.ports)
        return "label prometheus.port: " + joined(good) + bad;
    const auto tcp = std::count_if(subject.ports.begin(), subject.ports.end(),
                                   [](const port& offered) { return offered.protocol == transport::tcp; });
    const auto service = "the service's " + std::to_string(tcp) + " TCP ports" +
                         (rules.ports == port_source::published ? ", published: " : ": ");
    if (tcp > 1)
        return service + joined(good) + bad + ", the one with the lowest target port";
    if (tcp == 0 && rules.default_port)
        return service + "--default-port " + joined(good);
    return service + joined(good) + bad;
}

std::string networks_seen(const task& subject, const endpoint_settings& settings, const swarm& world,
                          const endpoint_rules& rules)
{
    std::vector<std::string> own;
    for (const auto& candidate : places_by_name(subject, world))
        own.push_back(candidate.where->name);
    const auto on = "; the task is on: " + joined(own);
    if (!settings.networks.empty())
        return "label prometheus.network: " + joined(settings.networks) + on;
    if (!rules.networks.empty())
        return "--network: " + joined(rules.networks) + on;
    if (!rules.prometheus_service.empty())
        return "networks of --prometheus.service " + rules.prometheus_service + on;
    return "its own overlay networks" + on;
}

/// Goes through the tasks of one service and gathers their targets.
class collector {
public:
    collector(const service& subject, const swarm& world, const endpoint_rules& rules, rule_trace* trace)
        : subject_(subject),
          world_(world),
          rules_(rules),
          trace_(trace),
          prometheus_networks_(prometheus_networks(world, rules)),
          service_labels_(service_meta_labels(subject, rules.meta))
    {
    }

    role_targets collect()
    {
        const bool ignored = is_ignored(subject_.name, rules_.ignore_services);
        for (const auto& [id, candidate] : world_.tasks_of(subject_.id)) {
            if (trace_)
                trace_->tasks.push_back({candidate.id, candidate.node_id, {}, {}});
            if (rejects("state", !is_serving(candidate), [&] { return state_seen(candidate); }))
                result_.skipped.add(skip_reason::not_running);
            else if (rejects("ignore-services", ignored, [&] { return joined(rules_.ignore_services); }))
                result_.skipped.add(skip_reason::ignored);
            else
                take(candidate);
        }
        result_.groups = sd_writer::canonical(std::move(result_.groups));
        return std::move(result_);
    }

private:
    /// What the labels say, for all tasks with the same container labels.
    struct reading {
        std::optional<skip_reason> rejected;
        std::vector<endpoint_settings> endpoints;
    };

    /// Notes a rule and what it went by, where somebody wants to know. Gives back whether it rejects.
    template <class Saw>
    bool rejects(std::string_view rule, bool rejected, Saw saw)
    {
        if (trace_)
            trace_->tasks.back().steps.push_back({std::string(rule), saw(), rejected});
        return rejected;
    }

    void take(const task& candidate)
    {
        const auto& labels = read(candidate.container_labels);
        if (rejects("select", labels.rejected.has_value(), [&] {
                return selection_seen(owner_labels(subject_.labels, candidate.container_labels), rules_.select);
            }))
            return result_.skipped.add(*labels.rejected);
        for (const auto& endpoint : labels.endpoints)
            add(candidate, endpoint);
    }

    /// Tasks of one service nearly always have the same labels: read each set once.
    const reading& read(const label_map& container_labels)
    {
        const auto known = readings_.find(container_labels);
        if (known != readings_.end())
            return known->second;

        reading fresh;
        const owner_labels labels(subject_.labels, container_labels);
        fresh.rejected = rejected_by_labels(labels, rules_.select, result_.skipped);
        if (!fresh.rejected)
            fresh.endpoints = read_endpoints(labels, result_.skipped);
        return readings_.emplace(container_labels, std::move(fresh)).first->second;
    }

    void add(const task& candidate, const endpoint_settings& endpoint)
    {
        if (!endpoint.name.empty())
            rejects("endpoint", false, [&] { return endpoint.name; });
        const auto ports = choose_ports(endpoint, subject_, rules_);
        result_.skipped.add(skip_reason::bad_port, ports.bad);
        if (rejects("port", ports.good.empty(), [&] { return port_seen(endpoint, ports, subject_, rules_); })) {
            if (ports.bad == 0)
                result_.skipped.add(skip_reason::no_port);
            return;
        }
        rejects("network", false, [&] { return networks_seen(candidate, endpoint, world_, rules_); });

        const auto on_network =
            network_address(allowed_places(candidate, endpoint, world_, rules_, prometheus_networks_));
        for (const auto& port : ports.good) {
            const auto target = on_network ? std::optional(join_host_port(on_network->address, port.joined))
                                           : node_target(candidate, port, world_);
            const auto seen = [&] {
                if (target)
                    return *target + (on_network ? " on network " + on_network->where->name : " on the node");
                return "none for port " + std::to_string(port.target) + ", on a network that counts or on the node";
            };
            if (rejects("address", !target, seen)) {
                result_.skipped.add(skip_reason::no_shared_network);
                continue;
            }
            if (trace_)
                trace_->tasks.back().targets.push_back(*target);
            const task_place where{.host = world_.find_node(candidate.node_id),
                                   .where = on_network ? on_network->where : nullptr,
                                   .target_port = port.target,
                                   .mode = on_network ? mode_of(subject_, port.target) : publish_mode::host};
            result_.groups.push_back({{*target}, labels_of(candidate, endpoint, where)});
        }
    }

    /// The service's, the endpoint's and the task's labels: no name is in two of them, since an owner cannot set
    /// `task`.
    sd_writer::label_set labels_of(const task& candidate, const endpoint_settings& endpoint,
                                   const task_place& where) const
    {
        auto labels = service_labels_;
        labels.insert(labels.end(), endpoint.labels.begin(), endpoint.labels.end());
        if (rules_.meta == meta_labels::task) {
            auto more = task_meta_labels(candidate, subject_, where);
            labels.insert(labels.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
        }
        std::sort(labels.begin(), labels.end());
        return labels;
    }

    const service& subject_;
    const swarm& world_;
    const endpoint_rules& rules_;
    rule_trace* trace_;
    std::set<std::string_view> prometheus_networks_;
    sd_writer::label_set service_labels_;
    std::map<label_map, reading> readings_;
    role_targets result_;
};

} // namespace

role_targets endpoints_of(const service& subject, const swarm& world, const endpoint_rules& rules, rule_trace* trace)
{
    return collector(subject, world, rules, trace).collect();
}

} // namespace agent::core
