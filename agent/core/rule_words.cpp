#include "agent/core/rule_words.hpp"

#include "agent/core/task_places.hpp"

#include <algorithm>

namespace agent::core {

std::string comma_list(const std::vector<std::string>& words)
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
        return "label prometheus.port: " + comma_list(good) + bad;
    const auto tcp = std::count_if(subject.ports.begin(), subject.ports.end(),
                                   [](const port& offered) { return offered.protocol == transport::tcp; });
    const auto service = "the service's " + std::to_string(tcp) + " TCP ports" +
                         (rules.ports == port_source::published ? ", published: " : ": ");
    if (tcp > 1)
        return service + comma_list(good) + bad + ", the one with the lowest target port";
    if (tcp == 0 && rules.default_port)
        return service + "--default-port " + comma_list(good);
    return service + comma_list(good) + bad;
}

std::string networks_seen(const task& subject, const endpoint_settings& settings, const swarm& world,
                          const endpoint_rules& rules)
{
    std::vector<std::string> own;
    for (const auto& candidate : places_by_name(subject, world))
        own.push_back(candidate.where->name);
    const auto on = "; the task is on: " + comma_list(own);
    if (!settings.networks.empty())
        return "label prometheus.network: " + comma_list(settings.networks) + on;
    if (!rules.networks.empty())
        return "--network: " + comma_list(rules.networks) + on;
    if (!rules.prometheus_service.empty())
        return "networks of --prometheus.service " + rules.prometheus_service + on;
    return "its own overlay networks" + on;
}

} // namespace agent::core
