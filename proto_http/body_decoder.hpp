#pragma once

#include "proto_http/result.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace proto_http {

/// Takes the bytes of a body out of their framing (RFC 9112 §6 and §7), in whatever pieces they arrive. Knows no
/// socket.
///
/// Instead of Beast's parser, which in 1.81 fails an assertion when a body begins with its last chunk and that arrives
/// in pieces, waits for whole trailers of any size, and keeps back what it decoded of a piece that ends within framing.
class body_decoder {
public:
    [[nodiscard]] static body_decoder nothing() { return {state::done, 0}; }
    [[nodiscard]] static body_decoder of_length(std::uint64_t bytes);
    [[nodiscard]] static body_decoder chunked() { return {state::size_begin, 0}; }
    [[nodiscard]] static body_decoder until_close() { return {state::to_close, 0}; }

    /// Takes framing and at most one piece of the body off the front of `bytes`.
    ///
    /// @return the piece, a part of what was `bytes`; empty when the body has ended or more bytes are needed.
    ///         `errc::bad_message` for bad chunks, for chunk headers or trailers of more than 8 KiB, and for trailers
    ///         that must not be any (RFC 9110 §6.5.1), such as Content-Length
    [[nodiscard]] result<std::string_view> take(std::string_view& bytes);

    /// The connection was closed. @return whether the body may end so
    [[nodiscard]] bool close();

    [[nodiscard]] bool is_done() const noexcept { return state_ == state::done; }

    /// Body bytes that are announced and still to come; of a chunked body those of the current chunk, once its header
    /// is whole: until then it may turn out to be bad.
    [[nodiscard]] std::uint64_t announced() const noexcept { return is_in_data() ? rest_ : 0; }

private:
    enum class state : std::uint8_t {
        to_length,
        to_close,
        size_begin,
        size,
        blank_behind_size,
        extension,
        size_end, ///< behind the carriage return; likewise below
        data,
        data_cr,
        data_end,
        trailer_begin,
        trailer_name,
        trailer_value,
        trailer_end,
        last_end,
        done,
    };

    body_decoder(state begin, std::uint64_t rest) : state_(begin), rest_(rest) {}

    [[nodiscard]] bool is_in_data() const noexcept;
    [[nodiscard]] std::string_view take_data(std::string_view& bytes);

    /// Takes one character of framing. @return whether it may stand there
    [[nodiscard]] bool take_framing(char next);
    [[nodiscard]] bool take_size(char next);
    [[nodiscard]] bool take_trailer(char next);
    [[nodiscard]] bool take_trailer_name(char next);
    [[nodiscard]] bool expect(char next, char wanted, state then);

    state state_;
    std::uint64_t rest_;
    std::size_t framing_bytes_ = 0;  ///< since the last byte of data
    std::array<char, 20> trailer_{}; ///< the beginning of its name: more than the longest that matters
    std::size_t trailer_size_ = 0;
};

} // namespace proto_http
