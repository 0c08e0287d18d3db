#include "proto_http/tls.hpp"

#include "proto_http/tls_expiry.hpp"
#include "tests/fuzz/fuzz_input.hpp"

#include <optional>
#include <string>

namespace {

using namespace proto_http;

/// Why the settings cannot be used, if so.
std::optional<std::string> trouble_with(const tls_settings& settings)
{
    try {
        const tls_context made(settings);
        fuzz::require(made.has_own() == settings.own.has_value(), "what is there is shown");
        fuzz::require(made.has_own() || !own_expires_at(made), "and nothing else expires");
        return std::nullopt;
    } catch (const tls_error& error) {
        return error.what();
    }
}

void require_helpful(const std::string& why)
{
    fuzz::require(why.starts_with("ca.pem: ") || why.starts_with("cert.pem: ") || why.starts_with("key.pem: "),
                  "an error names the file");
    fuzz::require(why.find_first_of("\r\n") == std::string::npos, "and is one line");
}

tls_settings trusting(std::string text)
{
    tls_settings settings;
    settings.roots = pem{"ca.pem", std::move(text)};
    return settings;
}

} // namespace

/// A file of PEM blocks, as each of those that there may be.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const fuzz::input input(data, size);
    const std::string text(input.rest());

    const auto as_roots = trouble_with(trusting(text));
    if (as_roots)
        require_helpful(*as_roots);
    else
        fuzz::require(!trouble_with(trusting("A word about it.\n" + text)) &&
                          !trouble_with(trusting(text + "\n" + text)),
                      "words in front of it, and the same twice, do no harm");

    tls_settings showing;
    showing.verify = tls_settings::verification::none;
    showing.own = own_certificate{{"cert.pem", text}, {"key.pem", text}};
    const auto as_own = trouble_with(showing);
    if (as_own)
        require_helpful(*as_own);
    fuzz::require(as_own || !as_roots, "what is shown is a certificate");
    return 0;
}
