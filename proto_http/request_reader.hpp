#pragma once

#include "proto_http/router.hpp"
#include "proto_http/server.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <variant>

namespace proto_http {

/// Reads the requests of one connection, one after the other, out of bytes in whatever pieces they arrive. Knows no
/// socket and no clock.
///
/// Stricter than Beast 1.81's parser where two readers of the same bytes could disagree (request smuggling): see
/// `server`.
class request_reader {
public:
    explicit request_reader(const server_limits& limits);
    request_reader(request_reader&&) noexcept;
    request_reader& operator=(request_reader&&) noexcept;
    ~request_reader();

    /// Where the next bytes go; never empty as long as `advance` asks for more. Then say how many they were.
    [[nodiscard]] std::span<char> prepare();
    void commit(std::size_t bytes);

    /// Whether no byte of a next request is there yet.
    [[nodiscard]] bool is_empty() const;

    struct need_more {};
    /// The client waits for `100 Continue` before it sends the body (RFC 9110 §10.1.1). Said once.
    struct expects_continue {};
    /// To be answered with this status. The connection is of no more use: where a next request would begin is unknown.
    struct refusal {
        unsigned status = 400;
    };
    struct complete {
        request message;
        unsigned version = 11; ///< 10 or 11
        bool keep_alive = true;
    };
    using step = std::variant<need_more, expects_continue, refusal, complete>;

    /// What the bytes so far amount to.
    [[nodiscard]] step advance();

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

} // namespace proto_http
