#pragma once

#include "agent/core/endpoints.hpp"

#include <cstdint>
#include <string>

namespace agent::core {

/// What the operator decides about the roles.
struct role_rules {
    endpoint_rules endpoints;
    std::uint16_t role_port = 80;           ///< of targets that publish none, in all roles but `endpoints`
    bool match_first_network = false;       ///< role `containers`: only the first network of each
    std::string host_address = "localhost"; ///< role `containers`: of those on the host's network
};

} // namespace agent::core
