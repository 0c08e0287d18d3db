#include "proto_http/tls.hpp"

#include "proto_http/errc.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
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

// --- The server's side ---

using client_certificate = tls_server_settings::client_certificate;

int verify_mode_for(client_certificate wanted)
{
    switch (wanted) {
    case client_certificate::none:
        break;
    case client_certificate::requested:
    case client_certificate::verified_if_shown:
        return SSL_VERIFY_PEER;
    case client_certificate::any:
    case client_certificate::verified:
        return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    }
    return SSL_VERIFY_NONE;
}

bool is_verified(client_certificate wanted)
{
    return wanted == client_certificate::verified_if_shown || wanted == client_certificate::verified;
}

struct names_releaser {
    void operator()(GENERAL_NAMES* names) const { ::GENERAL_NAMES_free(names); }
};

/// A subject alternative name as one writes it: names, mail addresses and URIs as they are, addresses in digits.
std::string text_of(const GENERAL_NAME& name)
{
    if (name.type == GEN_DNS || name.type == GEN_EMAIL || name.type == GEN_URI)
        return {reinterpret_cast<const char*>(::ASN1_STRING_get0_data(name.d.ia5)),
                static_cast<std::size_t>(::ASN1_STRING_length(name.d.ia5))};
    if (name.type != GEN_IPADD)
        return {};
    const auto* const bytes = ::ASN1_STRING_get0_data(name.d.iPAddress);
    const auto size = static_cast<std::size_t>(::ASN1_STRING_length(name.d.iPAddress));
    if (asio::ip::address_v4::bytes_type four{}; size == four.size()) {
        std::copy_n(bytes, size, four.begin());
        return asio::ip::make_address_v4(four).to_string();
    }
    asio::ip::address_v6::bytes_type sixteen{};
    if (size != sixteen.size())
        return {};
    std::copy_n(bytes, size, sixteen.begin());
    return asio::ip::make_address_v6(sixteen).to_string();
}

bool has_name(X509* certificate, const std::vector<std::string>& allowed)
{
    const std::unique_ptr<GENERAL_NAMES, names_releaser> names(
        static_cast<GENERAL_NAMES*>(::X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int at = 0; at < sk_GENERAL_NAME_num(names.get()); ++at)
        if (std::ranges::count(allowed, text_of(*sk_GENERAL_NAME_value(names.get(), at))) > 0)
            return true;
    return false;
}

/// What is asked of each certificate of a client's chain, the client's own being the last.
void examine_clients(ssl::context& context, const tls_server_settings& settings)
{
    ::SSL_CTX_set_verify(context.native_handle(), verify_mode_for(settings.clients), nullptr);
    const bool must_be_good = is_verified(settings.clients);
    const auto names = settings.client_names;
    if (must_be_good && names.empty())
        return;
    context.set_verify_callback([must_be_good, names](bool is_good, ssl::verify_context& chain) {
        auto* const store = chain.native_handle();
        if (!must_be_good)
            is_good = true;
        if (is_good && !names.empty() && ::X509_STORE_CTX_get_error_depth(store) == 0 &&
            !has_name(::X509_STORE_CTX_get_current_cert(store), names)) {
            ::X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
            return false;
        }
        return is_good;
    });
}

void name_client_roots(ssl::context& context, const tls_server_settings& settings)
{
    auto* const native = context.native_handle();
    if (!settings.client_roots) {
        error_code none;
        context.set_default_verify_paths(none);
        return;
    }
    trust(native, *settings.client_roots);
    for (const auto& root : certificates_in(*settings.client_roots))
        ::SSL_CTX_add_client_CA(native, root.get());
}

/// Go, whose names these are, has the older names of two suites, too.
std::string openssl_cipher(const std::string& name)
{
    for (const auto& full : {name, name + "_SHA256"})
        if (const std::string found = ::OPENSSL_cipher_name(full.c_str()); found != "(NONE)")
            return found;
    throw tls_error("cipher suite \"" + name + "\" is unknown");
}

std::string joined(const std::vector<std::string>& words)
{
    std::string text;
    for (const auto& word : words)
        text += (text.empty() ? "" : ":") + word;
    return text;
}

void choose_ciphers(SSL_CTX* context, const tls_server_settings& settings)
{
    std::vector<std::string> ciphers;
    for (const auto& name : settings.ciphers)
        ciphers.push_back(openssl_cipher(name));
    if (!ciphers.empty() && ::SSL_CTX_set_cipher_list(context, joined(ciphers).c_str()) != 1)
        throw tls_error("none of the cipher suites can be had: " + joined(settings.ciphers));
    const auto groups = joined(settings.groups);
    // SSL_CTX_set1_groups_list, without its cast.
    if (!groups.empty() && ::SSL_CTX_ctrl(context, SSL_CTRL_SET_GROUPS_LIST, 0, const_cast<char*>(groups.c_str())) != 1)
        throw tls_error("a curve is unknown: " + groups);
    if (settings.prefers_own_ciphers)
        ::SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
}

int number_of(tls_server_settings::version version)
{
    return version == tls_server_settings::version::tls12 ? TLS1_2_VERSION : TLS1_3_VERSION;
}

} // namespace

tls_context::tls_context(const tls_server_settings& settings)
    : context_(std::make_shared<ssl::context>(ssl::context::tls_server)),
      verifies_(is_verified(settings.clients)),
      has_own_(true)
{
    auto* const native = context_->native_handle();
    ::SSL_CTX_set_min_proto_version(native, number_of(settings.oldest));
    ::SSL_CTX_set_max_proto_version(native, number_of(settings.newest));
    // Whoever comes again with a session of this context is who it was; without a name OpenSSL refuses them.
    constexpr std::array<unsigned char, 5> name{'p', 'a', 'g', 'e', 's'};
    ::SSL_CTX_set_session_id_context(native, name.data(), name.size());
    show(*context_, settings.own);
    choose_ciphers(native, settings);
    if (verifies_)
        name_client_roots(*context_, settings);
    examine_clients(*context_, settings);
}

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
