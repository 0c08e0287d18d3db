#pragma once

#include "proto_http/fields.hpp"
#include "proto_http/request_monitor.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace proto_http {

/// A request as a handler sees it.
struct request {
    std::string method; ///< upper case, as sent
    std::string target; ///< as sent
    std::string path;   ///< decoded
    field_list query;   ///< decoded
    field_list params;  ///< what the route's `{name}` segments matched
    field_list fields;  ///< header fields, in order
    std::string body;

    /// First header field of that name (any case), query value or path parameter; empty where there is none.
    [[nodiscard]] std::string_view field(std::string_view name) const;
    [[nodiscard]] std::string_view query_value(std::string_view name) const;
    [[nodiscard]] std::string_view param(std::string_view name) const;
};

/// Sends a piece of a streamed body, and returns when all of it is on its way: who writes faster than the client reads
/// waits here.
///
/// @return whether it was sent; if not, there is nobody to write for any more
using piece_sender = std::function<boost::asio::awaitable<bool>(std::string piece)>;

/// Goes on writing a body whose head has been sent, until it returns. It is cancelled when the client has gone or takes
/// too long to read, and when the server stops.
using body_writer = std::function<boost::asio::awaitable<void>(piece_sender send)>;

/// What a handler answers. Content-Length, Transfer-Encoding, Date and Connection are the server's business.
struct reply {
    unsigned status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    std::string body;    ///< all of it, unless `stream` is there
    field_list fields{}; ///< further header fields

    /// Writes the body, if it is not known beforehand. The connection ends with it.
    body_writer stream{};
    /// The last piece of a stream that ends because the server stops.
    std::string farewell{};
};

using handler = std::function<boost::asio::awaitable<reply>(request)>;

/// A route is a value. `pattern` is a path whose segments may be `{name}`, which matches one non-empty segment.
struct route {
    std::string name;   ///< for metrics and logs
    std::string method; ///< `GET` answers HEAD, too
    std::string pattern;
    proto_http::handler handler;
    bool monitored = true; ///< whether a middleware may put its monitor here
    // Two owners: the route, which tells it, and the middleware, which shows what it was told.
    std::shared_ptr<request_monitor> monitor{};
};

/// Finds the route of a request: the first that fits. Pure: calls nothing.
class router {
public:
    router() = default;
    /// @param unmatched  told of requests that no route fits, and of those that cannot be read; may be nobody
    explicit router(std::vector<route> routes, std::shared_ptr<request_monitor> unmatched = {});

    struct match {
        const route* found = nullptr; ///< none: 404, or 405 when `allow` is not empty
        field_list params;
        std::string allow; ///< where the path is known but not the method: its methods, as the Allow header wants them
        request_monitor* monitor = nullptr; ///< the route's, or that of unmatched requests; may be nobody
    };

    [[nodiscard]] match find(std::string_view method, std::string_view path) const;

    [[nodiscard]] request_monitor* unmatched() const noexcept { return unmatched_.get(); }

private:
    std::vector<route> routes_;
    std::shared_ptr<request_monitor> unmatched_;
};

} // namespace proto_http
