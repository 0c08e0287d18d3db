#include "agent/shell/commands.hpp"
#include "runtime/health.hpp"

#include <iostream>

namespace agent::shell {

int ask_health(const options& settings)
{
    const auto trouble = runtime::ask_health(settings.listen_address, "/-/healthy", settings.web_config);
    if (trouble.empty())
        return exit_fine;
    std::cerr << "swarm-sd: " << settings.listen_address << ": " << trouble << '\n';
    return exit_failure;
}

} // namespace agent::shell
