#pragma once

#include "proto_http/body_decoder.hpp"
#include "proto_http/fields.hpp"
#include "proto_http/result.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace proto_http {

/// Status and headers of a response.
struct response_head {
    unsigned status = 0;
    field_list fields;

    /// First field of that name (any case), or an empty view.
    [[nodiscard]] std::string_view field(std::string_view name) const;
};

/// Reads the responses of one connection, one after the other, out of bytes in whatever pieces they arrive. Knows no
/// socket and no clock.
class response_reader {
public:
    response_reader();
    response_reader(response_reader&&) noexcept;
    response_reader& operator=(response_reader&&) noexcept;
    ~response_reader();

    /// Where the next bytes go. Then say how many they were.
    [[nodiscard]] std::span<char> prepare();
    void commit(std::size_t bytes);

    /// Whether no byte is here that nobody took.
    [[nodiscard]] bool is_empty() const;

    /// Forgets what is here: the next byte is the first one of a connection.
    void clear();

    /// The head of a response, and how its body is framed.
    struct start {
        response_head head;
        body_decoder body = body_decoder::nothing();
        bool keep_alive = false;
    };

    /// Begins with the head of the next response. Interim ones (1xx) are passed over.
    ///
    /// @param most_bytes  of each head
    /// @param to_head     it answers a HEAD, and so has no body
    void expect_head(std::size_t most_bytes, bool to_head);

    /// The head that is expected, once it is whole.
    ///
    /// @return nothing while more bytes are needed; `errc::bad_message`, `errc::head_too_large`,
    /// `errc::unexpected_tls`.
    ///         Nothing after an error can be read
    [[nodiscard]] result<std::optional<start>> take_head();

    /// The next piece of a body among the bytes that are here (see `body_decoder::take`); valid until the next call of
    /// `prepare`.
    [[nodiscard]] result<std::string_view> take(body_decoder& framing);

    enum class verdict { fits, too_much };

    /// Appends what is here of a body to `body`, up to `most` bytes in all.
    ///
    /// @return whether there was more; bad framing; `boost::asio::error::no_memory`
    [[nodiscard]] result<verdict> append(std::string& body, body_decoder& framing, std::size_t most);

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

} // namespace proto_http
