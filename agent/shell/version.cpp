#include "agent/shell/version.hpp"

#include "instrumented_service/http_metrics/build_info.hpp"

namespace agent::shell {

std::string_view version()
{
    return SWARM_SD_VERSION;
}

std::string version_line()
{
    return "swarm-sd, version " + std::string(version()) + " (built with " + std::string(http_metrics::compiler()) +
           ")";
}

} // namespace agent::shell
