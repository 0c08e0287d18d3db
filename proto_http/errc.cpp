#include "proto_http/errc.hpp"

#include <string>

namespace proto_http {
namespace {

// Never deleted through its base, whose destructor is protected; g++ takes it for accessible because of a friend.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
class category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "proto_http"; }

    std::string message(int code) const override
    {
        switch (static_cast<errc>(code)) {
        case errc::closed_early:
            return "the peer closed the connection in the middle of a message";
        case errc::bad_message:
            return "the peer sent something that is not HTTP/1.1";
        case errc::head_too_large:
            return "the head of the message is too large";
        case errc::body_too_large:
            return "the body of the message is too large";
        case errc::host_not_found:
            return "no such host";
        case errc::bad_address:
            return "bad address";
        case errc::bad_http2:
            return "the peer sent something that is not HTTP/2";
        case errc::stream_reset:
            return "the peer gave up on the request";
        case errc::not_tls:
            return "the peer does not speak TLS";
        case errc::plain_http:
            return "the client speaks HTTP without TLS";
        case errc::unexpected_tls:
            return "the peer speaks TLS, but was asked in plain HTTP";
        case errc::handshake_cut:
            return "the peer closed the connection during the TLS handshake";
        }
        return "unknown error";
    }
};
#pragma GCC diagnostic pop

} // namespace

const boost::system::error_category& error_category() noexcept
{
    static const category instance;
    return instance;
}

error_code make_error_code(errc code) noexcept
{
    return {static_cast<int>(code), error_category()};
}

} // namespace proto_http
