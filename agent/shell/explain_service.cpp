#include "agent/core/explanation.hpp"
#include "agent/shell/commands.hpp"
#include "agent/shell/snapshot.hpp"

#include <exception>
#include <iostream>

namespace agent::shell {

int explain_service(const options& settings)
{
    try {
        const auto world = read_swarm(settings, core::lists_for(core::role::endpoints));
        const auto found = core::explain(settings.explained_service, world, settings.rules.endpoints);
        const bool known = !found.service_id.empty();
        (known ? std::cout : std::cerr) << core::to_text(found);
        return known ? exit_fine : exit_failure;
    } catch (const std::exception& error) {
        std::cerr << "swarm-sd: " << error.what() << '\n';
        return exit_failure;
    }
}

} // namespace agent::shell
