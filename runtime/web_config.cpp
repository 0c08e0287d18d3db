#include "runtime/web_config.hpp"

#include "runtime/bcrypt.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>
#include <utility>

#include <yaml-cpp/yaml.h>

namespace runtime {
namespace {

using client_certificate = proto_http::tls_server_settings::client_certificate;
using tls_version = proto_http::tls_server_settings::version;

template <class Value>
using word = std::pair<std::string_view, Value>;

// The words of Go's crypto/tls, as the toolkit has them.
constexpr std::array client_words{
    word<client_certificate>{"NoClientCert", client_certificate::none},
    word<client_certificate>{"RequestClientCert", client_certificate::requested},
    word<client_certificate>{"RequireAnyClientCert", client_certificate::any},
    word<client_certificate>{"VerifyClientCertIfGiven", client_certificate::verified_if_shown},
    word<client_certificate>{"RequireAndVerifyClientCert", client_certificate::verified},
};
constexpr std::array version_words{
    word<tls_version>{"TLS12", tls_version::tls12},
    word<tls_version>{"TLS13", tls_version::tls13},
};
constexpr std::array curve_words{
    word<std::string_view>{"CurveP256", "P-256"},
    word<std::string_view>{"CurveP384", "P-384"},
    word<std::string_view>{"CurveP521", "P-521"},
    word<std::string_view>{"X25519", "X25519"},
};
constexpr std::array known_fields{"Content-Security-Policy", "Strict-Transport-Security", "X-Content-Type-Options",
                                  "X-Frame-Options", "X-XSS-Protection"};

/// A place in the file: a value, and the way to it.
struct place {
    YAML::Node value;
    std::string name; ///< `tls_server_config.cert_file`
};

/// Parts of the file may be in the reason: none of them ends the line.
web_config_error trouble_at(const YAML::Mark& where, std::string why)
{
    std::ranges::replace_if(
        why, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
    return web_config_error("line " + std::to_string(where.line + 1) + ": " + why);
}

[[noreturn]] void fail(const YAML::Mark& where, const std::string& why)
{
    throw trouble_at(where, why);
}

[[noreturn]] void fail(const place& at, const std::string& why)
{
    fail(at.value.Mark(), at.name + ": " + why);
}

std::string text_of(const place& at)
{
    if (!at.value.IsScalar())
        fail(at, "expected one value");
    return at.value.Scalar();
}

bool flag_of(const place& at)
{
    const auto text = text_of(at);
    if (text != "true" && text != "false")
        fail(at, "expected true or false");
    return text == "true";
}

std::vector<place> list_of(const place& at)
{
    if (!at.value.IsSequence())
        fail(at, "expected a list");
    std::vector<place> elements;
    for (const auto& element : at.value)
        elements.push_back({element, at.name});
    return elements;
}

template <class Value, std::size_t Count>
Value choice_of(const place& at, const std::array<word<Value>, Count>& words)
{
    const auto text = text_of(at);
    std::string known;
    for (const auto& [name, value] : words) {
        if (name == text)
            return value;
        known += (known.empty() ? "" : ", ") + std::string(name);
    }
    fail(at, "\"" + text + "\" is unknown, expected one of: " + known);
}

/// What each setting of a section does.
using section = std::map<std::string_view, std::function<void(const place&)>>;

void read_section(const place& at, const section& known)
{
    if (at.value.IsNull())
        return;
    if (!at.value.IsMap())
        fail(at, "expected settings");
    for (const auto& entry : at.value) {
        if (!entry.first.IsScalar())
            fail(entry.first.Mark(), "a key is a plain word");
        const auto& key = entry.first.Scalar();
        const place next{entry.second, (at.name.empty() ? "" : at.name + ".") + key};
        const auto found = known.find(key);
        if (found == known.end())
            fail(entry.first.Mark(), next.name + ": there is no such setting");
        found->second(next);
    }
}

/// A PEM text may be given as a file or as it is, but not both.
class pem_choice {
public:
    explicit pem_choice(std::filesystem::path directory) : directory_(std::move(directory)) {}

    void take_file(const place& at) { take(at, {directory_ / text_of(at), {}}); }
    void take_text(const place& at) { take(at, {{}, text_of(at)}); }

    [[nodiscard]] const std::optional<pem_source>& taken() const noexcept { return taken_; }

private:
    void take(const place& at, pem_source found)
    {
        if (found.file == directory_ / "" || (found.file.empty() && found.text.empty()))
            return; // as if it were not there
        if (taken_)
            fail(at, "given twice, as a file and as text");
        taken_ = std::move(found);
    }

    std::filesystem::path directory_;
    std::optional<pem_source> taken_;
};

std::string cipher_of(const place& at)
{
    auto name = text_of(at);
    if (!name.starts_with("TLS_"))
        fail(at, "\"" + name + "\" is no name of a cipher suite, such as TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
    return name;
}

std::optional<web_config::encryption> read_tls(const place& at, const std::filesystem::path& directory)
{
    web_config::encryption found;
    auto& settings = found.settings;
    pem_choice chain(directory);
    pem_choice key(directory);
    pem_choice roots(directory);
    read_section(at, {
                         {"cert_file", [&](const place& next) { chain.take_file(next); }},
                         {"cert", [&](const place& next) { chain.take_text(next); }},
                         {"key_file", [&](const place& next) { key.take_file(next); }},
                         {"key", [&](const place& next) { key.take_text(next); }},
                         {"client_ca_file", [&](const place& next) { roots.take_file(next); }},
                         {"client_ca", [&](const place& next) { roots.take_text(next); }},
                         {"client_auth_type",
                          [&](const place& next) {
                              if (!text_of(next).empty())
                                  settings.clients = choice_of(next, client_words);
                          }},
                         {"client_allowed_sans",
                          [&](const place& next) {
                              for (const auto& each : list_of(next))
                                  settings.client_names.push_back(text_of(each));
                          }},
                         {"min_version", [&](const place& next) { settings.oldest = choice_of(next, version_words); }},
                         {"max_version", [&](const place& next) { settings.newest = choice_of(next, version_words); }},
                         {"cipher_suites",
                          [&](const place& next) {
                              for (const auto& each : list_of(next))
                                  settings.ciphers.push_back(cipher_of(each));
                          }},
                         {"prefer_server_cipher_suites",
                          [&](const place& next) { settings.prefers_own_ciphers = flag_of(next); }},
                         {"curve_preferences",
                          [&](const place& next) {
                              for (const auto& each : list_of(next))
                                  settings.groups.emplace_back(choice_of(each, curve_words));
                          }},
                     });
    const bool is_left_out = !chain.taken() && !key.taken() && !roots.taken() && settings == decltype(found.settings){};
    if (is_left_out)
        return std::nullopt;
    if (!chain.taken())
        fail(at, "cert_file is missing");
    if (!key.taken())
        fail(at, "key_file is missing");
    if (settings.oldest > settings.newest)
        fail(at, "min_version is newer than max_version");
    if (settings.clients == client_certificate::none && roots.taken())
        fail(at, "client_ca_file is there, but client_auth_type asks for no certificate");
    if (settings.clients == client_certificate::none && !settings.client_names.empty())
        fail(at, "client_allowed_sans is there, but client_auth_type asks for no certificate");
    found.chain = *chain.taken();
    found.key = *key.taken();
    found.client_roots = roots.taken();
    return found;
}

std::map<std::string, std::string> read_users(const place& at)
{
    std::map<std::string, std::string> users;
    if (at.value.IsNull())
        return users;
    if (!at.value.IsMap())
        fail(at, "expected users, each with the bcrypt hash of a password");
    for (const auto& entry : at.value) {
        if (!entry.first.IsScalar() || entry.first.Scalar().empty())
            fail(entry.first.Mark(), at.name + ": a user is a plain word");
        const auto& user = entry.first.Scalar();
        const place next{entry.second, at.name + "." + user};
        if (user.find(':') != std::string::npos)
            fail(entry.first.Mark(), next.name + ": no user has a colon (RFC 7617)");
        // Whatever else stands there may be the password itself, so it is not shown.
        if (!is_bcrypt(text_of(next)))
            fail(next, "not a bcrypt hash; `htpasswd -nBC 10 USER` makes one");
        if (!users.emplace(user, next.value.Scalar()).second)
            fail(next, "there twice");
    }
    return users;
}

proto_http::field_list read_fields(const place& at)
{
    proto_http::field_list fields;
    section known;
    for (const auto* name : known_fields)
        known.emplace(name, [&fields, name](const place& next) {
            auto value = text_of(next);
            if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
                fail(next, "a header field is one line");
            if (!value.empty())
                fields.emplace_back(name, std::move(value));
        });
    read_section(at, known);
    return fields;
}

} // namespace

web_config parse_web_config(const std::string& text, const std::filesystem::path& path)
{
    const auto directory = path.parent_path();
    web_config found;
    try {
        read_section({YAML::Load(text), {}},
                     {
                         {"tls_server_config", [&](const place& at) { found.tls = read_tls(at, directory); }},
                         {"basic_auth_users", [&](const place& at) { found.users = read_users(at); }},
                         {"http_server_config",
                          [&](const place& at) {
                              read_section(at, {{"http2", [](const place& next) { (void)flag_of(next); }},
                                                {"headers", [&](const place& next) {
                                                     found.fields = read_fields(next);
                                                 }}});
                          }},
                         {"rate_limit", [](const place& at) { fail(at, "not supported here"); }},
                     });
    } catch (const YAML::Exception& error) {
        throw web_config_error(path.native() + ": " + trouble_at(error.mark, error.msg).what());
    } catch (const web_config_error& error) {
        throw web_config_error(path.native() + ": " + error.what());
    }
    return found;
}

} // namespace runtime
