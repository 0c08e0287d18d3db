#include "runtime/web_config.hpp"

#include "runtime/basic_auth.hpp"
#include "runtime/bcrypt.hpp"
#include "tests/fuzz/fuzz_input.hpp"

#include <algorithm>
#include <string>

/// A web configuration file, and an Authorization field.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const fuzz::input input(data, size);
    const std::string text(input.rest());

    if (const auto said = runtime::read_authorization(text)) {
        fuzz::require(said->user.find(':') == std::string::npos, "the first colon ends the user");
        fuzz::require(said->user.size() + said->password.size() < text.size(), "base64 is longer than what it stands for");
    }
    try {
        const auto found = runtime::parse_web_config(text, "/etc/web.yml");
        fuzz::require(found == runtime::parse_web_config(text, "/etc/web.yml"), "the same text says the same");
        for (const auto& [user, hash] : found.users)
            fuzz::require(!user.empty() && user.find(':') == std::string::npos && runtime::is_bcrypt(hash),
                          "users can be asked for");
        for (const auto& [name, value] : found.fields)
            fuzz::require(value.find_first_of("\r\n") == std::string::npos, "a header field is one line");
        if (found.tls)
            fuzz::require(found.tls->chain != runtime::pem_source{} && found.tls->key != runtime::pem_source{},
                          "with TLS there is a certificate");
    } catch (const runtime::web_config_error& error) {
        const std::string why = error.what();
        fuzz::require(why.starts_with("/etc/web.yml: line ") && std::ranges::none_of(why, [](unsigned char c) {
                          return c < ' ';
                      }),
                      "an error is one line, and names that of the file");
    }
    return 0;
}
