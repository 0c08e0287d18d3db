#pragma once

#include "proto_http/result.hpp"

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace boost::asio::ssl {
class context;
}

namespace proto_http {

/// Certificates or a key as PEM text, and the name of the file that they came from, for messages.
struct pem {
    std::string name;
    std::string text;

    friend bool operator==(const pem&, const pem&) = default;
};

/// What proves who we are: a certificate, followed by those between it and its root, and its key.
struct own_certificate {
    pem chain;
    pem key;

    friend bool operator==(const own_certificate&, const own_certificate&) = default;
};

/// Whom a client trusts, and what it shows.
struct tls_settings {
    enum class verification {
        server, ///< the chain up to a root, and the host's name or address (RFC 9525: subject alternative names only)
        none,   ///< encrypted, but anybody may be at the other end
    };

    verification verify = verification::server;
    /// The only ones whose word counts, be they roots or not; none: those of the system.
    std::optional<pem> roots;
    std::optional<own_certificate> own;
    std::vector<std::string> protocols; ///< offered by ALPN (RFC 7301), the most wanted first

    friend bool operator==(const tls_settings&, const tls_settings&) = default;
};

/// What a server shows, and what it wants to see of its clients.
struct tls_server_settings {
    enum class client_certificate {
        none,              ///< not asked for
        requested,         ///< asked for, and not looked at
        any,               ///< there must be one, whoever vouches for it
        verified_if_shown, ///< one that is shown must be good
        verified,          ///< there must be one, and it must be good
    };
    enum class version { tls12, tls13 };

    own_certificate own;
    client_certificate clients = client_certificate::none;
    /// Who vouches for clients; none: the system's roots.
    std::optional<pem> client_roots;
    /// A client's certificate must have one of these as a subject alternative name, letter by letter; none: any.
    std::vector<std::string> client_names;
    version oldest = version::tls12;
    version newest = version::tls13;
    std::vector<std::string> ciphers; ///< of TLS 1.2, as RFC 5246 names them, the most wanted first; none: OpenSSL's
    std::vector<std::string> groups;  ///< for the key exchange, as OpenSSL names them; none: OpenSSL's
    bool prefers_own_ciphers = true;  ///< the first in our order that the client has, not in the client's

    friend bool operator==(const tls_server_settings&, const tls_server_settings&) = default;
};

/// Settings that cannot be used; `what()` is one line that names the file and the reason.
class tls_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Settings made ready for connections: TLS 1.2 or newer. A handle: copies are the same context, which all
/// connections made with it share and keep alive.
class tls_context {
public:
    /// @throws tls_error
    explicit tls_context(const tls_settings& settings);
    /// For a server.
    /// @throws tls_error
    explicit tls_context(const tls_server_settings& settings);

    /// Whether the other side has to prove who it is.
    [[nodiscard]] bool verifies() const noexcept { return verifies_; }
    /// Whether there is a certificate of our own to show.
    [[nodiscard]] bool has_own() const noexcept { return has_own_; }

    /// For what makes connections.
    [[nodiscard]] boost::asio::ssl::context& native() const noexcept { return *context_; }

    friend bool operator==(const tls_context&, const tls_context&) = default;

private:
    std::shared_ptr<boost::asio::ssl::context> context_;
    bool verifies_;
    bool has_own_;
};

/// Why a server's certificate was refused; values are OpenSSL's `X509_V_ERR_*`.
[[nodiscard]] const boost::system::error_category& certificate_category() noexcept;

/// Whether it is TLS that failed, and not the network or HTTP.
[[nodiscard]] bool is_tls_failure(const error_code& error) noexcept;
/// Whether the other side said, in TLS, why it goes no further.
[[nodiscard]] bool is_tls_alert(const error_code& error) noexcept;

} // namespace proto_http
