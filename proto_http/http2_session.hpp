#pragma once

#include "proto_http/fields.hpp"
#include "proto_http/result.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proto_http {

/// A request's answer as it has come so far.
struct http2_answer {
    unsigned status = 0; ///< 0: no head yet
    field_list fields;   ///< of the head and, once it has ended, of the trailers
    std::string body;    ///< whoever reads takes out of it what was read
    bool has_ended = false;
    error_code end; ///< why, where it ended otherwise than by the server's will
};

struct http2_limits {
    /// How much may be under way that nobody has read: so that a list never waits for a window to open again.
    std::uint32_t window_bytes = 16 * 1024 * 1024;
    std::size_t head_bytes = 16 * 1024;
    std::size_t body_bytes = 512 * 1024 * 1024; ///< that wait to be read, of one answer
};

/// The client's side of one HTTP/2 connection: frames in, frames out, answers by stream. It touches no socket.
///
/// A wrapper of libnghttp2, which does the framing, the compression of heads and the flow control (RFC 9113, 7541).
class http2_session {
public:
    using stream_id = std::int32_t;

    explicit http2_session(http2_limits limits = {});
    http2_session(http2_session&&) noexcept;
    http2_session& operator=(http2_session&&) noexcept;
    ~http2_session();

    /// Begins a POST whose whole body is known.
    ///
    /// @param fields  lower-case names, as HTTP/2 wants them
    /// @return an error when no request can be begun any more: the server says that it goes away, or all streams of the
    ///         connection are used up
    [[nodiscard]] result<stream_id> post(std::string_view authority, std::string_view path, const field_list& fields,
                                         std::string body);

    /// The answer of a stream that was begun and not yet forgotten; never null for those.
    [[nodiscard]] http2_answer* find(stream_id id);

    /// Forgets a stream. One that has not ended is cancelled (RST_STREAM): the server stops sending.
    void forget(stream_id id);

    /// Takes what the connection brought.
    ///
    /// @return `errc::bad_http2` for what is no HTTP/2; the connection is of no use from then on. Of a lesser fault the
    ///         server is told first: see `over`
    [[nodiscard]] error_code receive(std::string_view bytes);

    /// What is to be sent now; empty when nothing is.
    [[nodiscard]] std::string take_output();

    /// Why no answer will come any more; nothing while one may. To be asked after `receive` and after `take_output`.
    ///
    /// @return `errc::bad_http2` once the server has been told that it broke the rules; `errc::closed_early` when it
    ///         goes away and nothing is under way any more
    [[nodiscard]] std::optional<error_code> over() const;

    /// The streams whose answers changed since the last call, each once.
    [[nodiscard]] std::vector<stream_id> take_changed();

    struct impl;

private:
    std::unique_ptr<impl> impl_;
};

} // namespace proto_http
