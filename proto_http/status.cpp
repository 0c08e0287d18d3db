#include "proto_http/status.hpp"

#include <ostream> // which Beast 1.81 forgets

#include <boost/beast/http/status.hpp>

namespace proto_http {

std::string_view reason_phrase(unsigned status) noexcept
{
    namespace http = boost::beast::http;
    const auto known = http::int_to_status(status);
    return known == http::status::unknown ? std::string_view{} : std::string_view(http::obsolete_reason(known));
}

} // namespace proto_http
