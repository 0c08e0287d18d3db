#include "proto_http/tls_expiry.hpp"

#include <boost/asio/ssl/context.hpp>

#include <openssl/asn1.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <ctime>

namespace proto_http {

std::optional<std::chrono::system_clock::time_point> own_expires_at(const tls_context& settings)
{
    const auto* const own = ::SSL_CTX_get0_certificate(settings.native().native_handle());
    std::tm end{};
    if (!own || ::ASN1_TIME_to_tm(::X509_get0_notAfter(own), &end) != 1)
        return std::nullopt;
    return std::chrono::system_clock::from_time_t(::timegm(&end));
}

} // namespace proto_http
