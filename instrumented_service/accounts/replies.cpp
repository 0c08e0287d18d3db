#include "instrumented_service/accounts/replies.hpp"

#include "instrumented_service/accounts/limits.hpp"
#include "proto_http/fields.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/string_view.hpp>

#include <utility>

namespace accounts {
namespace {

namespace json = boost::json;

std::string quoted(std::string_view text)
{
    return json::serialize(json::string_view(text.data(), text.size()));
}

} // namespace

proto_http::reply json_reply(unsigned status, std::string body)
{
    proto_http::reply answer;
    answer.status = status;
    answer.content_type = "application/json";
    answer.body = std::move(body);
    return answer;
}

proto_http::reply error_reply(unsigned status, std::string_view code, std::string_view message)
{
    return json_reply(status, "{\"error\":{\"code\":" + quoted(code) + ",\"message\":" + quoted(message) + "}}");
}

proto_http::reply server_error(unsigned status)
{
    switch (status) {
    case 404:
        return error_reply(status, "no_such_path", "there is nothing at this path");
    case 405:
        return error_reply(status, "method_not_allowed", "this path has other methods: see the Allow header");
    case 413:
        return error_reply(status, "body_too_large",
                           "a body may have " + std::to_string(most_body_bytes) + " bytes at most");
    case 414:
        return error_reply(status, "target_too_long", "the request's path and query are too long");
    case 417:
        return error_reply(status, "expectation_failed", "the only expectation that is met is 100-continue");
    case 431:
        return error_reply(status, "header_too_large", "the request's header is too large");
    case 500:
        return error_reply(status, "internal_error", "the request failed, and the service's log says why");
    case 501:
        return error_reply(status, "unknown_method", "the request's method is unknown");
    case 505:
        return error_reply(status, "unknown_version", "only HTTP/1.1 and HTTP/1.0 are spoken");
    default:
        return error_reply(status, "bad_request", "the request is not HTTP/1.1 as it must be");
    }
}

bool is_json(std::string_view content_type)
{
    auto type = content_type.substr(0, content_type.find(';'));
    while (type.ends_with(' ') || type.ends_with('\t'))
        type.remove_suffix(1);
    return proto_http::equal_ignoring_case(type, "application/json");
}

} // namespace accounts
