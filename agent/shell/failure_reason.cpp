#include "agent/shell/failure_reason.hpp"

#include "agent/docker/errc.hpp"
#include "proto_http/errc.hpp"
#include "proto_http/tls.hpp"

#include <boost/asio/error.hpp>

namespace agent::shell {
namespace {

namespace asio = boost::asio;

std::string_view word_for(docker::errc code)
{
    using docker::errc;
    switch (code) {
    case errc::broken_answer:
        return "broken";
    case errc::not_a_manager:
        return "not_a_manager";
    case errc::not_in_a_swarm:
        return "not_in_a_swarm";
    case errc::swarm_locked:
        return "swarm_locked";
    case errc::swarm_not_ready:
        return "swarm_starting";
    case errc::swarm_failed:
        return "swarm_failed";
    case errc::forbidden:
        return "forbidden";
    case errc::engine_error:
        return "engine_error";
    case errc::not_found:
    case errc::rejected:
    case errc::redirected:
    case errc::api_too_old:
        return "rejected";
    case errc::other_swarm:
        break;
    }
    return "other";
}

std::string_view word_for(proto_http::errc code)
{
    using proto_http::errc;
    switch (code) {
    case errc::closed_early:
        return "closed";
    case errc::bad_message:
    case errc::head_too_large:
    case errc::body_too_large:
        return "broken";
    default:
        return "other";
    }
}

} // namespace

std::string_view connection_trouble(const proto_http::error_code& code)
{
    if (code == asio::error::timed_out)
        return "timeout";
    if (code == asio::error::connection_refused || code == boost::system::errc::no_such_file_or_directory)
        return "refused";
    if (code == boost::system::errc::permission_denied)
        return "forbidden";
    return proto_http::is_tls_failure(code) ? "tls" : "";
}

std::string_view reason_of(const proto_http::error_code& code)
{
    if (const auto trouble = connection_trouble(code); !trouble.empty())
        return trouble;
    if (code == asio::error::eof || code == asio::error::connection_reset || code == asio::error::broken_pipe)
        return "closed";
    if (code.category() == docker::error_category())
        return word_for(static_cast<docker::errc>(code.value()));
    if (code.category() == proto_http::error_category())
        return word_for(static_cast<proto_http::errc>(code.value()));
    return "other";
}

} // namespace agent::shell
