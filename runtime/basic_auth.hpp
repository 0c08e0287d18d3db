#pragma once

#include "proto_http/router.hpp"
#include "runtime/helper_thread.hpp"

#include <boost/asio/awaitable.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace runtime {

/// What a client says it is.
struct credentials {
    std::string user;
    std::string password;

    friend bool operator==(const credentials&, const credentials&) = default;
};

/// Reads an Authorization field of the Basic scheme (RFC 7617).
/// @return nothing for another scheme, and for what is no base64 or has no colon in it
[[nodiscard]] std::optional<credentials> read_authorization(std::string_view field);

/// Lets known users in, by the bcrypt hashes of their passwords.
///
/// bcrypt takes long, and so is done on a thread that nothing else waits for. What a user
/// has proven once is remembered, as a keyed digest, so that a scrape costs nothing. An unknown user takes as long as a
/// wrong password. Passwords are tried one at a time, and few may wait for it; others are told to come again.
class basic_auth {
public:
    using user_hashes = std::map<std::string, std::string>;

    /// @param helper  tries passwords; must outlive this
    explicit basic_auth(helper_thread& helper);

    /// From now on these are known, and what others have proven is forgotten. None: everybody is let in.
    void know(user_hashes users);

    /// @param authorization  the request's field; empty: none
    /// @return nothing where the request may be answered; else 401, or 503 while too many wait
    [[nodiscard]] boost::asio::awaitable<std::optional<proto_http::reply>> admit(std::string authorization);

private:
    using digest = std::array<unsigned char, 32>;

    [[nodiscard]] boost::asio::awaitable<bool> is_right(std::string password, std::string hash);
    [[nodiscard]] digest digest_of(const std::string& user, const std::string& hash, const std::string& password) const;

    helper_thread& helper_;
    digest key_; ///< of the digests, drawn at the start
    user_hashes users_;
    std::map<std::string, digest> proven_; ///< by user: the password that was right
    std::size_t waiting_ = 0;
};

} // namespace runtime
