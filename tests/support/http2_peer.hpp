#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

/// The server's side of an HTTP/2 connection, as bytes in and bytes out: it keeps what it was asked, and answers as it
/// is told to.
class http2_peer {
public:
    using stream_id = std::int32_t;
    using field_list = std::vector<std::pair<std::string, std::string>>;

    /// More requests must not be under way at a time.
    static constexpr std::uint32_t most_streams = 100;

    struct request {
        field_list fields;
        std::string body;
        bool has_ended = false;               ///< it was sent completely
        std::optional<std::uint32_t> reset{}; ///< the code with which the client gave it up
    };

    /// @param window_bytes  how much of a request may be under way
    explicit http2_peer(std::uint32_t window_bytes = 65'535);
    http2_peer(const http2_peer&) = delete;
    http2_peer& operator=(const http2_peer&) = delete;
    ~http2_peer();

    /// @return whether it was HTTP/2
    [[nodiscard]] bool receive(std::string_view bytes);
    [[nodiscard]] std::string take_output();

    // --- Answers: a head, any number of bytes, then trailers, an end or a reset ---

    void head(stream_id id, const field_list& fields = {}, unsigned status = 200);
    /// A head that is the whole answer.
    void head_and_end(stream_id id, const field_list& fields, unsigned status = 200);
    void data(stream_id id, std::string_view bytes);
    void trailers(stream_id id, const field_list& fields);
    void end(stream_id id);
    void reset(stream_id id, std::uint32_t code);

    void go_away(std::uint32_t code, stream_id last);

    /// Bytes of answers that the client's windows do not let through yet.
    [[nodiscard]] std::size_t waiting(stream_id id) const;

    std::map<stream_id, request> requests;

    struct impl;

private:
    std::unique_ptr<impl> impl_;
};

} // namespace support
