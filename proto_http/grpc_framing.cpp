#include "proto_http/grpc_framing.hpp"

#include "proto_http/errc.hpp"
#include "proto_http/hex.hpp"

#include <algorithm>
#include <cstdint>

namespace proto_http {
namespace {

std::uint32_t big_endian(std::string_view four)
{
    std::uint32_t value = 0;
    for (const char byte : four)
        value = (value << 8U) | static_cast<unsigned char>(byte);
    return value;
}

} // namespace

std::string grpc_frame(std::string_view message)
{
    std::string frame(1, '\0');
    for (unsigned shift = 32; shift > 0; shift -= 8)
        frame += static_cast<char>((message.size() >> (shift - 8)) & 0xFFU);
    return frame.append(message);
}

result<std::optional<std::string_view>> take_grpc_message(std::string_view& arrived, std::size_t most_bytes)
{
    using nothing = std::optional<std::string_view>;
    if (arrived.empty())
        return nothing{};
    if (arrived.front() != '\0')
        return make_error_code(errc::bad_message);
    const auto whole = grpc_frame_bytes(arrived);
    if (whole == 0)
        return nothing{};
    if (whole - grpc_prefix_bytes > most_bytes)
        return make_error_code(errc::body_too_large);
    if (arrived.size() < whole)
        return nothing{};
    const auto message = arrived.substr(grpc_prefix_bytes, whole - grpc_prefix_bytes);
    arrived.remove_prefix(whole);
    return nothing(message);
}

std::size_t grpc_frame_bytes(std::string_view arrived)
{
    if (arrived.size() < grpc_prefix_bytes)
        return 0;
    return grpc_prefix_bytes + big_endian(arrived.substr(1, grpc_prefix_bytes - 1));
}

std::string decode_grpc_message(std::string_view text)
{
    std::string decoded;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool encoded = text[at] == '%' && at + 2 < text.size();
        const int high = encoded ? hex_value(text[at + 1]) : -1;
        const int low = encoded ? hex_value(text[at + 2]) : -1;
        if (high >= 0 && low >= 0) {
            decoded += static_cast<char>(high * 16 + low);
            at += 2;
        } else {
            decoded += text[at];
        }
    }
    return decoded;
}

std::string grpc_timeout(std::chrono::milliseconds span)
{
    constexpr std::chrono::milliseconds most{99'999'999};
    return std::to_string(std::min(span, most).count()) + "m";
}

} // namespace proto_http
