#pragma once

#include <memory>
#include <string>
#include <vector>

#include <openssl/types.h>

namespace support {

/// A certificate and its key, as PEM.
struct certificate {
    std::string chain;
    std::string key;
};

/// What a certificate says.
struct certificate_request {
    std::string common_name = "test";
    std::vector<std::string>
        names{}; ///< subject alternative names, as OpenSSL writes them: `DNS:engine`, `IP:127.0.0.1`
    bool is_expired = false;
};

/// Somebody who signs certificates: a key and a root certificate made for one test.
class certificate_authority {
public:
    explicit certificate_authority(const std::string& common_name = "test CA");

    /// The root, as PEM.
    [[nodiscard]] const std::string& root() const { return root_pem_; }

    [[nodiscard]] certificate issue(const certificate_request& wanted) const;

private:
    std::shared_ptr<EVP_PKEY> key_;
    std::shared_ptr<X509> root_;
    std::string root_pem_;
};

/// The key, encrypted with a pass phrase.
[[nodiscard]] std::string encrypted(const std::string& key);

} // namespace support
