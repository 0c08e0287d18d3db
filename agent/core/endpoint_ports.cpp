#include "agent/core/endpoint_ports.hpp"

#include <algorithm>
#include <tuple>

namespace agent::core {
namespace {

constexpr std::uint32_t highest_port = 65535;

/// The service's own TCP port: of several the one with the lowest target port.
chosen_ports service_port(const std::vector<port>& ports, port_source source)
{
    chosen_ports chosen;
    for (const auto& candidate : ports) {
        const auto joined = source == port_source::target ? candidate.target : candidate.published;
        if (candidate.protocol != transport::tcp || joined == 0)
            continue;
        const chosen_port port{candidate.target, joined};
        if (!is_valid_port(port.target) || !is_valid_port(port.joined))
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

} // namespace

bool is_valid_port(std::uint32_t number)
{
    return number >= 1 && number <= highest_port;
}

chosen_ports choose_ports(const endpoint_settings& settings, const service& subject, const endpoint_rules& rules)
{
    if (settings.ports) {
        chosen_ports chosen;
        chosen.bad = settings.ports->bad;
        chosen.over_quota = settings.ports->over_quota;
        for (const auto number : settings.ports->good)
            chosen.good.push_back({number, number});
        return chosen;
    }
    auto chosen = service_port(subject.ports, rules.ports);
    if (chosen.good.empty() && chosen.bad == 0 && rules.default_port)
        chosen.good.push_back({*rules.default_port, *rules.default_port});
    return chosen;
}

publish_mode mode_of(const service& subject, std::uint32_t target_port)
{
    // Of several the one with the lowest published port, as where that is what is joined.
    const port* chosen = nullptr;
    const auto rank = [](const port& offered) { return std::tie(offered.published, offered.mode); };
    for (const auto& offered : subject.ports)
        if (offered.protocol == transport::tcp && offered.target == target_port &&
            (!chosen || rank(offered) < rank(*chosen)))
            chosen = &offered;
    return chosen ? chosen->mode : publish_mode::unknown;
}

} // namespace agent::core
