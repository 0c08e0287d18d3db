#include "runtime/bcrypt.hpp"

#include <algorithm>
#include <memory>

#include <crypt.h>
#include <openssl/crypto.h>

namespace runtime {
namespace {

// `$2y$10$`, 22 letters of salt, 31 of the hash itself.
constexpr std::size_t whole_length = 60;
constexpr std::size_t head_length = 7;
constexpr int least_cost = 4;
constexpr int most_cost = 31;

bool is_digit(char letter)
{
    return letter >= '0' && letter <= '9';
}

bool is_letter_of_hash(char letter)
{
    return is_digit(letter) || (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z') || letter == '.' ||
           letter == '/';
}

} // namespace

bool is_bcrypt(std::string_view text)
{
    const bool has_head = text.size() == whole_length && text.starts_with("$2") &&
                          std::string_view("abxy").find(text[2]) != std::string_view::npos && text[3] == '$' &&
                          is_digit(text[4]) && is_digit(text[5]) && text[6] == '$';
    if (!has_head)
        return false;
    const int cost = (text[4] - '0') * 10 + (text[5] - '0');
    return cost >= least_cost && cost <= most_cost && std::ranges::all_of(text.substr(head_length), is_letter_of_hash);
}

bool has_bcrypt(const std::string& password, const std::string& hash)
{
    // Some 32 KiB: too large for a stack that others may have chosen.
    const auto room = std::make_unique<crypt_data>();
    const auto* const made = ::crypt_r(password.c_str(), hash.c_str(), room.get());
    const bool is_same = made != nullptr && std::string_view(made).size() == hash.size() &&
                         ::CRYPTO_memcmp(made, hash.data(), hash.size()) == 0;
    ::OPENSSL_cleanse(room.get(), sizeof(crypt_data));
    return is_same;
}

} // namespace runtime
