#include "proto_http/tls.hpp"

#include "proto_http/errc.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <limits>
#include <utility>

namespace asio = boost::asio;
namespace ssl = asio::ssl;

namespace proto_http {
namespace {

// Never deleted through its base, whose destructor is protected; g++ takes it for accessible because of a friend.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
class category_type final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "certificate"; }

    std::string message(int code) const override
    {
        return std::string("certificate verify failed: ") + ::X509_verify_cert_error_string(code);
    }
};
#pragma GCC diagnostic pop

template <class Object, void (*release)(Object*)>
struct releaser {
    void operator()(Object* object) const { release(object); }
};
using certificate_handle = std::unique_ptr<X509, releaser<X509, ::X509_free>>;

struct bio_releaser {
    void operator()(BIO* bio) const { ::BIO_free(bio); }
};
using bio_handle = std::unique_ptr<BIO, bio_releaser>;

[[noreturn]] void fail(const pem& file, const std::string& why)
{
    throw tls_error(file.name + ": " + why);
}

/// No PEM block of the wanted kind; the end of a file reads like that, too.
bool is_no_block(unsigned long error)
{
    return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

std::string reason_of(unsigned long error)
{
    const auto* reason = ::ERR_reason_error_string(error);
    return reason ? reason : "it cannot be read";
}

/// Nobody is there to be asked for a pass phrase; without this, OpenSSL would ask the terminal.
int no_pass_phrase(char*, int, int, void*)
{
    return -1;
}

/// All certificates of a file, one at least.
std::vector<certificate_handle> certificates_in(const pem& file)
{
    if (file.text.size() > std::numeric_limits<int>::max())
        fail(file, "too large");
    const bio_handle text(::BIO_new_mem_buf(file.text.data(), static_cast<int>(file.text.size())));
    std::vector<certificate_handle> found;
    ::ERR_clear_error();
    while (auto next = certificate_handle(::PEM_read_bio_X509(text.get(), nullptr, no_pass_phrase, nullptr)))
        found.push_back(std::move(next));
    const auto error = ::ERR_peek_last_error();
    ::ERR_clear_error();
    if (!is_no_block(error))
        fail(file, reason_of(error));
    if (found.empty())
        fail(file, "there is no certificate in it");
    return found;
}

void trust(SSL_CTX* context, const pem& roots)
{
    // As for Go: an intermediate authority, or the server's own certificate, may stand in the place of a root.
    ::X509_VERIFY_PARAM_set_flags(::SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
    for (const auto& root : certificates_in(roots))
        ::X509_STORE_add_cert(::SSL_CTX_get_cert_store(context), root.get()); // fails for want of memory only
}

void show(ssl::context& context, const own_certificate& own)
{
    auto* const native = context.native_handle();
    const auto chain = certificates_in(own.chain);
    if (::SSL_CTX_use_certificate(native, chain.front().get()) != 1)
        fail(own.chain, reason_of(::ERR_peek_last_error()));
    for (auto between = chain.begin() + 1; between != chain.end(); ++between)
        ::SSL_CTX_ctrl(native, SSL_CTRL_CHAIN_CERT, 1, between->get()); // SSL_CTX_add1_chain_cert, without its cast

    ::SSL_CTX_set_default_passwd_cb(native, no_pass_phrase);
    if (own.key.text.find("ENCRYPTED") != std::string::npos)
        fail(own.key, "the key is encrypted");
    if (own.key.text.find("PRIVATE KEY-----") == std::string::npos)
        fail(own.key, "there is no private key in it");
    error_code error;
    context.use_private_key(asio::buffer(own.key.text), ssl::context::pem, error);
    const auto reason = static_cast<unsigned long>(error.value());
    const bool is_foreign = error && ERR_GET_LIB(reason) == ERR_LIB_X509;
    if (error && !is_foreign)
        fail(own.key, reason_of(reason));
    if (is_foreign || ::SSL_CTX_check_private_key(native) != 1)
        fail(own.key, "it is not the key of " + own.chain.name);
}

void offer(ssl::context& context, const std::vector<std::string>& protocols)
{
    std::string list;
    for (const auto& name : protocols)
        list.append(1, static_cast<char>(name.size())).append(name);
    if (!list.empty())
        ::SSL_CTX_set_alpn_protos(context.native_handle(), reinterpret_cast<const unsigned char*>(list.data()),
                                  static_cast<unsigned>(list.size()));
}

} // namespace

tls_context::tls_context(const tls_settings& settings)
    : context_(std::make_shared<ssl::context>(ssl::context::tls_client)),
      verifies_(settings.verify == tls_settings::verification::server),
      has_own_(settings.own.has_value())
{
    ::SSL_CTX_set_min_proto_version(context_->native_handle(), TLS1_2_VERSION);
    context_->set_verify_mode(verifies_ ? ssl::verify_peer : ssl::verify_none);
    if (settings.roots) {
        trust(context_->native_handle(), *settings.roots);
    } else if (verifies_) {
        error_code none; // a system without roots trusts nobody
        context_->set_default_verify_paths(none);
    }
    if (settings.own)
        show(*context_, *settings.own);
    offer(*context_, settings.protocols);
}

const boost::system::error_category& certificate_category() noexcept
{
    static const category_type instance;
    return instance;
}

bool is_tls_failure(const error_code& error) noexcept
{
    const auto& category = error.category();
    return category == asio::error::get_ssl_category() || category == certificate_category() ||
           error == errc::not_tls || error == errc::unexpected_tls || error == errc::handshake_cut;
}

bool is_tls_alert(const error_code& error) noexcept
{
    return error.category() == asio::error::get_ssl_category() &&
           ERR_GET_REASON(static_cast<unsigned long>(error.value())) >= SSL_AD_REASON_OFFSET;
}

} // namespace proto_http
