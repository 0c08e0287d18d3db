#include "agent/core/endpoints.hpp"

#include "agent/core/endpoint_ports.hpp"
#include "agent/core/endpoint_settings.hpp"
#include "agent/core/meta_labels.hpp"
#include "agent/core/owner_labels.hpp"
#include "agent/core/quotas.hpp"
#include "agent/core/rule_words.hpp"
#include "agent/core/task_places.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string_view>

#include <fnmatch.h>

namespace agent::core {
namespace {

bool is_ignored(const std::string& name, const std::vector<std::string>& globs)
{
    return std::any_of(globs.begin(), globs.end(),
                       [&name](const std::string& glob) { return fnmatch(glob.c_str(), name.c_str(), 0) == 0; });
}

/// Why the labels keep this task from being scraped, if they do.
std::optional<skip_reason> rejected_by_labels(const owner_labels& labels, selection mode, skip_log skipped)
{
    const auto text = labels.find("scrape");
    const auto wish = text ? parse_boolean(*text) : std::nullopt;
    if (text && !wish)
        skipped.add(bad_label::boolean, "prometheus.scrape", *text);

    const bool taken = mode == selection::all ? wish.value_or(true) : wish.value_or(false);
    return taken ? std::nullopt : std::optional(skip_reason::not_selected);
}

/// Leaves out what is more than one service may have, always from the same place in the file's order on.
void keep_quota(role_targets& found)
{
    constexpr std::size_t around = 8; // quotes, comma and colon
    std::size_t targets = 0;
    std::size_t bytes = 0;
    bool full = false;
    for (auto& group : found.groups) {
        for (const auto& [name, value] : group.labels)
            bytes += name.size() + value.size() + around;
        std::size_t kept = 0;
        while (!full && kept < group.targets.size()) {
            bytes += group.targets[kept].size() + around;
            full = targets == quota::service_targets || bytes > quota::service_bytes;
            kept += full ? 0 : 1;
            targets += full ? 0 : 1;
        }
        found.skipped.add(skip_reason::over_quota, group.targets.size() - kept);
        group.targets.resize(kept);
    }
    std::erase_if(found.groups, [](const auto& group) { return group.targets.empty(); });
}

/// Goes through the tasks of one service and gathers their targets.
class collector {
public:
    collector(const service& subject, const swarm& world, const endpoint_rules& rules, rule_trace* trace)
        : subject_(subject),
          world_(world),
          rules_(rules),
          trace_(trace),
          log_(result_.skipped, trace ? &trace->labels : nullptr),
          prometheus_networks_(prometheus_networks(world, rules))
    {
    }

    role_targets collect()
    {
        service_labels_ = service_meta_labels(subject_, rules_.meta, log_);
        const bool ignored = is_ignored(subject_.name, rules_.ignore_services);
        for (const auto* held : world_.tasks_of(subject_.id)) {
            const auto& candidate = *held;
            if (trace_)
                trace_->tasks.push_back({std::string(candidate.id), std::string(candidate.node_id), {}, {}});
            if (rejects("state", !is_serving(candidate), [&] { return state_seen(candidate); }))
                result_.skipped.add(skip_reason::not_running);
            else if (rejects("ignore-services", ignored, [&] { return comma_list(rules_.ignore_services); }))
                result_.skipped.add(skip_reason::ignored);
            else
                take(candidate);
        }
        result_.groups = sd_writer::canonical(std::move(result_.groups));
        keep_quota(result_);
        return std::move(result_);
    }

private:
    /// An endpoint, and what is the same for all tasks that have it.
    struct endpoint {
        endpoint_settings settings;
        chosen_ports ports;
        std::optional<std::size_t> group{}; ///< of its targets; none: nothing is in it yet
    };
    /// What the labels say, for all tasks with the same container labels.
    struct reading {
        std::optional<skip_reason> rejected;
        std::vector<endpoint> endpoints;
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
        auto& labels = read(candidate.container_labels);
        if (rejects("select", labels.rejected.has_value(), [&] {
                return selection_seen(owner_labels(subject_.labels, candidate.container_labels), rules_.select);
            }))
            return result_.skipped.add(*labels.rejected);
        task_targets_ = 0;
        for (auto& one : labels.endpoints)
            add(candidate, one);
    }

    /// Tasks of one service nearly always have the same labels: read each set once.
    reading& read(const shared_labels& container_labels)
    {
        if (latest_ && container_labels.is_same_as(*latest_labels_))
            return *latest_;
        auto known = readings_.find(container_labels.get());
        if (known == readings_.end())
            known = readings_.emplace(container_labels.get(), read_anew(container_labels)).first;
        latest_labels_ = &container_labels;
        latest_ = &known->second;
        return *latest_;
    }

    reading read_anew(const label_map& container_labels)
    {
        reading fresh;
        const owner_labels labels(subject_.labels, container_labels);
        fresh.rejected = rejected_by_labels(labels, rules_.select, log_);
        if (fresh.rejected)
            return fresh;
        for (auto& settings : read_endpoints(labels, log_)) {
            auto ports = choose_ports(settings, subject_, rules_);
            fresh.endpoints.push_back({std::move(settings), std::move(ports)});
        }
        return fresh;
    }

    void add(const task& candidate, endpoint& of)
    {
        const auto& settings = of.settings;
        const auto& ports = of.ports;
        if (!settings.name.empty())
            rejects("endpoint", false, [&] { return settings.name; });
        result_.skipped.add(skip_reason::bad_port, ports.bad);
        result_.skipped.add(skip_reason::over_quota, ports.over_quota);
        if (rejects("port", ports.good.empty(), [&] { return port_seen(settings, ports, subject_, rules_); })) {
            if (ports.bad == 0)
                result_.skipped.add(skip_reason::no_port);
            return;
        }
        rejects("network", false, [&] { return networks_seen(candidate, settings, world_, rules_); });

        const auto on_network =
            network_address(allowed_places(candidate, settings, world_, rules_, prometheus_networks_));
        for (const auto& port : ports.good) {
            auto target = on_network ? std::optional(join_host_port(on_network->address, port.joined))
                                     : node_target(candidate, port.target, port.joined, world_);
            const auto seen = [&] {
                if (target)
                    return *target + (on_network ? " on network " + on_network->where->name : " on the node");
                return "none for port " + std::to_string(port.target) + ", on a network that counts or on the node";
            };
            if (rejects("address", !target, seen)) {
                result_.skipped.add(skip_reason::no_shared_network);
                continue;
            }
            if (rejects_over_quota()) {
                result_.skipped.add(skip_reason::over_quota);
                continue;
            }
            if (trace_)
                trace_->tasks.back().targets.push_back(*target);
            const bool tells_task = rules_.meta == meta_labels::task;
            const task_place where{.host = tells_task ? world_.find_node(candidate.node_id) : nullptr,
                                   .where = on_network ? on_network->where : nullptr,
                                   .target_port = port.target,
                                   .mode = on_network ? mode_of(subject_, port.target) : publish_mode::host};
            group_for(candidate, of, where).targets.push_back(*std::move(target));
        }
    }

    /// Targets of an endpoint share their labels, unless these tell of the task.
    sd_writer::target_group& group_for(const task& candidate, endpoint& of, const task_place& where)
    {
        if (rules_.meta == meta_labels::task)
            return result_.groups.emplace_back(sd_writer::target_group{{}, labels_of(candidate, of.settings, where)});
        if (!of.group) {
            of.group = result_.groups.size();
            result_.groups.push_back({{}, labels_of(candidate, of.settings, where)});
        }
        return result_.groups[*of.group];
    }

    /// Only a target too many is a step worth noting.
    bool rejects_over_quota()
    {
        if (++task_targets_ <= quota::task_targets)
            return false;
        return rejects("quota", true, [] { return "more than " + std::to_string(quota::task_targets) + " targets"; });
    }

    /// The service's, the endpoint's and the task's labels: no name is in two of them, since an owner cannot set
    /// `task`.
    sd_writer::label_set labels_of(const task& candidate, const endpoint_settings& settings, const task_place& where)
    {
        auto labels = service_labels_;
        labels.insert(labels.end(), settings.labels.begin(), settings.labels.end());
        if (rules_.meta == meta_labels::task) {
            // What is left out is counted once for each task.
            skip_counts known;
            auto more = task_meta_labels(candidate, subject_, where, task_targets_ == 1 ? log_ : skip_log(known));
            labels.insert(labels.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
        }
        std::sort(labels.begin(), labels.end());
        return labels;
    }

    const service& subject_;
    const swarm& world_;
    const endpoint_rules& rules_;
    rule_trace* trace_;
    role_targets result_;
    skip_log log_;
    std::set<std::string_view> prometheus_networks_;
    sd_writer::label_set service_labels_;
    std::map<label_map, reading> readings_;
    const shared_labels* latest_labels_ = nullptr; ///< of the task before
    reading* latest_ = nullptr;
    std::size_t task_targets_ = 0; ///< so far, of the task that is being looked at
};

} // namespace

role_targets endpoints_of(const service& subject, const swarm& world, const endpoint_rules& rules, rule_trace* trace)
{
    return collector(subject, world, rules, trace).collect();
}

} // namespace agent::core
