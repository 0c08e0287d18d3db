#include "agent/core/role_targets.hpp"

#include <string>
#include <utility>

namespace agent::core {

role_targets finished(role_targets found)
{
    for (auto& group : found.groups) {
        const auto unusable = std::erase_if(group.targets, [](const std::string& target) {
            return target.empty() || target.find('/') != std::string::npos;
        });
        found.skipped.add(skip_reason::bad_address, unusable);
    }
    found.groups = sd_writer::canonical(std::move(found.groups));
    return found;
}

} // namespace agent::core
