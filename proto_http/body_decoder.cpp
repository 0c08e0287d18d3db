#include "proto_http/body_decoder.hpp"

#include "proto_http/errc.hpp"
#include "proto_http/fields.hpp"
#include "proto_http/hex.hpp"
#include "proto_http/token.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace proto_http {
namespace {

constexpr std::size_t most_framing_bytes = 8 * 1024;

/// More digits would be zeros in front or too large a number.
constexpr std::uint64_t most_before_next_digit = std::numeric_limits<std::uint64_t>::max() >> 4U;

/// VCHAR, blanks and obs-text (RFC 9110 §5.5): no line ends above all.
constexpr bool is_text(char letter) noexcept
{
    const auto byte = static_cast<unsigned char>(letter);
    return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
}

constexpr bool is_blank(char letter) noexcept
{
    return letter == ' ' || letter == '\t';
}

/// What says where a message ends, to whom it goes or how to read it cannot come behind it (RFC 9110 §6.5.1). We would
/// not heed it, but somebody in front of us might.
bool may_be_trailer(std::string_view name)
{
    constexpr std::array<std::string_view, 10> never{
        "Connection", "Content-Encoding", "Content-Length",   "Content-Range", "Content-Type", "Expect", "Host",
        "TE",         "Trailer",          "Transfer-Encoding"};
    return std::ranges::none_of(never, [name](std::string_view each) { return equal_ignoring_case(each, name); });
}

} // namespace

body_decoder body_decoder::of_length(std::uint64_t bytes)
{
    return bytes == 0 ? nothing() : body_decoder(state::to_length, bytes);
}

bool body_decoder::close()
{
    if (state_ == state::to_close)
        state_ = state::done;
    return is_done();
}

bool body_decoder::is_in_data() const noexcept
{
    return state_ == state::to_length || state_ == state::to_close || state_ == state::data;
}

result<std::string_view> body_decoder::take(std::string_view& bytes)
{
    while (!bytes.empty() && !is_done()) {
        if (is_in_data())
            return take_data(bytes);
        if (++framing_bytes_ > most_framing_bytes || !take_framing(bytes.front()))
            return make_error_code(errc::bad_message);
        bytes.remove_prefix(1);
    }
    return std::string_view{};
}

std::string_view body_decoder::take_data(std::string_view& bytes)
{
    if (state_ == state::to_close)
        return std::exchange(bytes, {});

    const auto piece = bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(rest_, bytes.size())));
    bytes.remove_prefix(piece.size());
    rest_ -= piece.size();
    if (rest_ == 0)
        state_ = state_ == state::data ? state::data_cr : state::done;
    return piece;
}

bool body_decoder::take_framing(char next)
{
    switch (state_) {
    case state::size_begin:
    case state::size:
    case state::blank_behind_size:
        return take_size(next);
    case state::extension:
        return next == '\r' ? expect(next, '\r', state::size_end) : is_text(next);
    case state::size_end:
        return expect(next, '\n', rest_ == 0 ? state::trailer_begin : state::data);
    case state::data_cr:
        framing_bytes_ = 1;
        return expect(next, '\r', state::data_end);
    case state::data_end:
        return expect(next, '\n', state::size_begin);
    case state::trailer_begin:
    case state::trailer_name:
    case state::trailer_value:
        return take_trailer(next);
    case state::trailer_end:
        return expect(next, '\n', state::trailer_begin);
    case state::last_end:
        return expect(next, '\n', state::done);
    case state::to_length:
    case state::to_close:
    case state::data:
    case state::done:
        break;
    }
    return false;
}

bool body_decoder::take_size(char next)
{
    if (const int digit = hex_value(next); digit >= 0 && state_ != state::blank_behind_size) {
        const bool fits = rest_ <= most_before_next_digit;
        rest_ = (rest_ << 4U) | static_cast<std::uint64_t>(digit);
        state_ = state::size;
        return fits;
    }
    if (state_ == state::size_begin)
        return false;
    if (is_blank(next)) {
        state_ = state::blank_behind_size;
        return true;
    }
    if (next == ';')
        return expect(next, ';', state::extension);
    return state_ == state::size && expect(next, '\r', state::size_end);
}

/// Trailers are checked for their form and then dropped: nothing here needs them.
bool body_decoder::take_trailer(char next)
{
    if (state_ == state::trailer_begin) {
        if (next == '\r')
            return expect(next, '\r', state::last_end);
        state_ = state::trailer_name;
        trailer_size_ = 0;
    }
    if (state_ == state::trailer_name)
        return take_trailer_name(next);
    return next == '\r' ? expect(next, '\r', state::trailer_end) : is_text(next);
}

bool body_decoder::take_trailer_name(char next)
{
    if (next == ':') {
        state_ = state::trailer_value;
        return trailer_size_ > 0 && may_be_trailer({trailer_.data(), trailer_size_});
    }
    if (trailer_size_ < trailer_.size())
        trailer_[trailer_size_++] = next;
    return is_token(next);
}

bool body_decoder::expect(char next, char wanted, state then)
{
    state_ = then;
    return next == wanted;
}

} // namespace proto_http
