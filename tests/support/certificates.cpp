#include "tests/support/certificates.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <stdexcept>

namespace support {
namespace {

constexpr long one_day_seconds = 24L * 60 * 60;

template <class Value>
Value require(Value made)
{
    if (!made)
        throw std::runtime_error("OpenSSL cannot make a certificate");
    return made;
}

std::shared_ptr<EVP_PKEY> make_key()
{
    return {require(::EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")), ::EVP_PKEY_free};
}

template <class Write>
std::string pem_of(Write write)
{
    const std::unique_ptr<BIO, decltype(&::BIO_free)> text(require(::BIO_new(::BIO_s_mem())), ::BIO_free);
    require(write(text.get()));
    char* start = nullptr;
    const auto size = BIO_get_mem_data(text.get(), &start);
    return {start, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* value)
{
    return pem_of([value](BIO* into) { return ::PEM_write_bio_X509(into, value); });
}

std::string pem_of(EVP_PKEY* key)
{
    return pem_of(
        [key](BIO* into) { return ::PEM_write_bio_PrivateKey(into, key, nullptr, nullptr, 0, nullptr, nullptr); });
}

void extend(X509* value, X509* issuer, int what, const std::string& text)
{
    X509V3_CTX context;
    ::X509V3_set_ctx(&context, issuer, value, nullptr, nullptr, 0);
    auto* const extension = require(::X509V3_EXT_conf_nid(nullptr, &context, what, text.c_str()));
    ::X509_add_ext(value, extension, -1);
    ::X509_EXTENSION_free(extension);
}

/// With everything but the extensions and the signature.
std::shared_ptr<X509> draft(const std::string& common_name, EVP_PKEY* key, bool is_expired)
{
    static std::atomic<long> serial{1};
    std::shared_ptr<X509> value(require(::X509_new()), ::X509_free);
    ::X509_set_version(value.get(), X509_VERSION_3);
    ::ASN1_INTEGER_set(::X509_get_serialNumber(value.get()), serial++);
    ::X509_gmtime_adj(::X509_getm_notBefore(value.get()), -2 * one_day_seconds);
    ::X509_gmtime_adj(::X509_getm_notAfter(value.get()), is_expired ? -one_day_seconds : one_day_seconds);
    ::X509_NAME_add_entry_by_txt(::X509_get_subject_name(value.get()), "CN", MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
    ::X509_set_pubkey(value.get(), key);
    return value;
}

} // namespace

certificate_authority::certificate_authority(const std::string& common_name)
    : key_(make_key()), root_(draft(common_name, key_.get(), false))
{
    ::X509_set_issuer_name(root_.get(), ::X509_get_subject_name(root_.get()));
    extend(root_.get(), root_.get(), NID_basic_constraints, "critical,CA:TRUE");
    extend(root_.get(), root_.get(), NID_key_usage, "critical,keyCertSign");
    extend(root_.get(), root_.get(), NID_subject_key_identifier, "hash");
    require(::X509_sign(root_.get(), key_.get(), ::EVP_sha256()));
    root_pem_ = pem_of(root_.get());
}

certificate certificate_authority::issue(const certificate_request& wanted) const
{
    const auto key = make_key();
    const auto value = draft(wanted.common_name, key.get(), wanted.is_expired);
    ::X509_set_issuer_name(value.get(), ::X509_get_subject_name(root_.get()));
    extend(value.get(), root_.get(), NID_authority_key_identifier, "keyid");
    std::string names;
    for (const auto& name : wanted.names)
        names += (names.empty() ? "" : ",") + name;
    if (!names.empty())
        extend(value.get(), root_.get(), NID_subject_alt_name, names);
    require(::X509_sign(value.get(), key_.get(), ::EVP_sha256()));
    return {pem_of(value.get()), pem_of(key.get())};
}

std::string encrypted(const std::string& key)
{
    const std::unique_ptr<BIO, decltype(&::BIO_free)> text(
        require(::BIO_new_mem_buf(key.data(), static_cast<int>(key.size()))), ::BIO_free);
    const std::unique_ptr<EVP_PKEY, decltype(&::EVP_PKEY_free)> plain(
        require(::PEM_read_bio_PrivateKey(text.get(), nullptr, nullptr, nullptr)), ::EVP_PKEY_free);
    constexpr unsigned char phrase[] = "secret";
    return pem_of([&](BIO* into) {
        return ::PEM_write_bio_PrivateKey(into, plain.get(), ::EVP_aes_128_cbc(), phrase, sizeof phrase - 1, nullptr,
                                          nullptr);
    });
}

} // namespace support
