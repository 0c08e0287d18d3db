#include "runtime/basic_auth.hpp"

#include "runtime/bcrypt.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

namespace runtime {
namespace {

namespace asio = boost::asio;
using proto_http::reply;

constexpr std::string_view scheme = "basic ";
constexpr std::size_t most_waiting = 16;
/// What an unknown user's password is held against, so that nobody learns from the time it takes who is known. As
/// costly as what `htpasswd -B -C 10` makes.
const std::string nobodys_hash = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";

bool begins_with_scheme(std::string_view field)
{
    const auto lower = [](unsigned char letter) {
        return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + ('a' - 'A')) : static_cast<char>(letter);
    };
    return field.size() > scheme.size() &&
           std::ranges::equal(field.substr(0, scheme.size()), scheme, {}, lower);
}

/// OpenSSL's decoder passes over blanks and does not say how many bytes the padding stands for.
std::optional<std::string> from_base64(std::string_view text)
{
    const auto is_letter = [](unsigned char letter) {
        return (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') ||
               letter == '+' || letter == '/';
    };
    auto letters = text;
    std::size_t padding = 0;
    for (; padding < 2 && letters.ends_with('='); ++padding)
        letters.remove_suffix(1);
    if (text.empty() || text.size() % 4 != 0 || !std::ranges::all_of(letters, is_letter))
        return std::nullopt;
    std::string bytes(text.size() / 4 * 3, '\0');
    const auto size =
        ::EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                          reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    if (size < 0)
        return std::nullopt;
    bytes.resize(static_cast<std::size_t>(size) - padding);
    return bytes;
}

reply unauthorized()
{
    return {.status = 401,
            .body = "Unauthorized\n",
            .fields = {{"WWW-Authenticate", R"(Basic realm="metrics", charset="UTF-8")"}}};
}

reply too_many_waiting()
{
    return {.status = 503, .body = "too many passwords to check\n", .fields = {{"Retry-After", "1"}}};
}

} // namespace

std::optional<credentials> read_authorization(std::string_view field)
{
    if (!begins_with_scheme(field))
        return std::nullopt;
    field.remove_prefix(std::min(field.size(), field.find_first_not_of(' ', scheme.size())));
    const auto text = from_base64(field);
    const auto colon = text ? text->find(':') : std::string::npos;
    if (colon == std::string::npos)
        return std::nullopt;
    return credentials{text->substr(0, colon), text->substr(colon + 1)};
}

basic_auth::basic_auth(helper_thread& helper) : helper_(helper), key_{}
{
    if (::RAND_bytes(key_.data(), static_cast<int>(key_.size())) != 1)
        throw std::runtime_error("no random numbers can be had");
}

void basic_auth::know(user_hashes users)
{
    users_ = std::move(users);
    proven_.clear();
}

asio::awaitable<std::optional<reply>> basic_auth::admit(std::string authorization)
{
    if (users_.empty())
        co_return std::nullopt;
    const auto said = read_authorization(authorization);
    // A C string ends at a zero byte: what follows it would not count.
    if (!said || said->password.find('\0') != std::string::npos)
        co_return unauthorized();
    const auto found = users_.find(said->user);
    const bool is_known = found != users_.end();
    const auto hash = is_known ? found->second : nobodys_hash;
    const auto proof = digest_of(said->user, hash, said->password);
    const auto proven = proven_.find(said->user);
    if (proven != proven_.end() && ::CRYPTO_memcmp(proven->second.data(), proof.data(), proof.size()) == 0)
        co_return std::nullopt;

    if (waiting_ >= most_waiting)
        co_return too_many_waiting();
    const bool right = co_await is_right(said->password, hash);
    if (!right || !is_known)
        co_return unauthorized();
    // Meanwhile others may be known.
    const auto now = users_.find(said->user);
    if (now == users_.end() || now->second != hash)
        co_return unauthorized();
    proven_[said->user] = proof;
    co_return std::nullopt;
}

asio::awaitable<bool> basic_auth::is_right(std::string password, std::string hash)
{
    struct in_line {
        explicit in_line(std::size_t& counted) : count(counted) { ++count; }
        in_line(const in_line&) = delete;
        in_line& operator=(const in_line&) = delete;
        ~in_line() { --count; }
        std::size_t& count;
    };
    const in_line waits(waiting_);
    auto job = [password = std::move(password), hash = std::move(hash)] { return has_bcrypt(password, hash); };
    co_return co_await helper_.run(std::move(job));
}

basic_auth::digest basic_auth::digest_of(const std::string& user, const std::string& hash,
                                         const std::string& password) const
{
    // No user and no hash has a zero byte in it that could move a border.
    const auto text = user + '\0' + hash + '\0' + password;
    digest made{};
    unsigned size = 0;
    ::HMAC(::EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), made.data(), &size);
    return made;
}

} // namespace runtime
