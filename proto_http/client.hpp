#pragma once

#include "proto_http/origin.hpp"
#include "proto_http/response_reader.hpp"
#include "proto_http/result.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace proto_http {

/// Bounds of one exchange as a client.
struct client_limits {
    std::chrono::milliseconds connect{5'000};   ///< until connected, name resolution and handshake included
    std::chrono::milliseconds exchange{25'000}; ///< request to the end of the response; to its head for a stream
    std::chrono::milliseconds progress{10'000}; ///< between two pieces of one body (not for streams)
    std::size_t head_bytes = 16 * 1024;
    std::size_t body_bytes = 512 * 1024 * 1024; ///< of a 200
    std::size_t error_body_bytes = 64 * 1024;   ///< of any other status; more is cut off, which is no error
};

struct response {
    response_head head;
    std::string body;
};

/// Takes the next piece of a body, free of framing and valid during the call. An error ends the exchange, and is what
/// it ends with; `std::bad_alloc` is the only exception it may throw, and likewise ends it, as `no_memory`.
using body_sink = std::function<error_code(std::string_view)>;

/// One connection to one server, opened when first needed and kept alive between requests.
///
/// One request at a time, which the client must outlive; another one meanwhile is `already_started`. Redirects are
/// never followed. A request that fails on a kept-alive connection before any byte of a response arrived is sent once
/// more on a new one: the server had closed it meanwhile (RFC 9112 §9.3.1 allows that for GET and HEAD, and there is
/// nothing else here). The second try gets no more time.
///
/// Cancellation: a cancelled request closes the connection and ends with `operation_aborted`.
class client {
public:
    client(const boost::asio::any_io_executor& executor, origin server, client_limits limits = {});
    client(client&&) noexcept;
    client& operator=(client&&) noexcept;
    ~client();

    /// @param target  path and query, already encoded
    /// @return the response whatever its status; an error where there was none
    [[nodiscard]] boost::asio::awaitable<result<response>> get(std::string target);
    [[nodiscard]] boost::asio::awaitable<result<response>> head(std::string target);

    /// Likewise, but the body of a 200 is not kept: `sink` gets it as it arrives, at most 64 KiB at a time, and the
    /// reactor has a turn after each. What it got is only known to be the whole body when there is a response. The body
    /// of any other status is in the response.
    [[nodiscard]] boost::asio::awaitable<result<response>> get(std::string target, body_sink sink);

    /// Drops the connection; the next request opens a new one.
    void close();

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

/// A response without an end, on a connection of its own.
class response_stream {
public:
    /// Connects, sends a GET and waits for the head of the response, which is then in `head()` whatever its status.
    [[nodiscard]] static boost::asio::awaitable<result<response_stream>>
    open(boost::asio::any_io_executor executor, origin server, std::string target, client_limits limits = {});

    response_stream(response_stream&&) noexcept;
    response_stream& operator=(response_stream&&) noexcept;
    ~response_stream();

    [[nodiscard]] const response_head& head() const;

    /// The next body bytes, free of chunk framing and valid until the next call. Waits without limit: whoever
    /// reads knows how long silence may last. An empty view is the clean end of the response; a connection
    /// that breaks inside it is an error.
    [[nodiscard]] boost::asio::awaitable<result<std::string_view>> read();

private:
    struct impl;
    explicit response_stream(std::unique_ptr<impl> state);
    std::unique_ptr<impl> impl_;
};

} // namespace proto_http
