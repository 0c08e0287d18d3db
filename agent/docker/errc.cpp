#include "agent/docker/errc.hpp"

#include <string>

namespace agent::docker {
namespace {

// Never deleted through its base, whose destructor is protected; g++ takes it for accessible because of a friend.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
class category_type final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "docker"; }

    std::string message(int code) const override
    {
        switch (static_cast<errc>(code)) {
        case errc::broken_answer:
            return "the engine's answer is not of the documented form";
        case errc::not_a_manager:
            return "the engine is not a swarm manager";
        case errc::not_in_a_swarm:
            return "the engine is not in a swarm";
        case errc::swarm_locked:
            return "the engine's swarm is locked";
        case errc::swarm_not_ready:
            return "the engine is joining its swarm";
        case errc::swarm_failed:
            return "the engine's part in its swarm failed";
        case errc::forbidden:
            return "the call is refused (a socket proxy that does not allow it?)";
        case errc::not_found:
            return "there is no such thing";
        case errc::rejected:
            return "the engine rejects the call";
        case errc::engine_error:
            return "the engine failed";
        case errc::redirected:
            return "the answer is a redirect, which is not followed";
        case errc::api_too_old:
            return "the engine's API is too old";
        case errc::other_swarm:
            return "the control socket is of another swarm";
        }
        return "unknown error";
    }
};
#pragma GCC diagnostic pop

} // namespace

const boost::system::error_category& error_category() noexcept
{
    static const category_type category;
    return category;
}

boost::system::error_code make_error_code(errc code) noexcept
{
    return {static_cast<int>(code), error_category()};
}

} // namespace agent::docker
