#include "proto_http/request_reader.hpp"

#include "proto_http/body_decoder.hpp"
#include "proto_http/result.hpp"
#include "proto_http/target.hpp"
#include "proto_http/token.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <system_error>

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace proto_http {
namespace {

using refusal = request_reader::refusal;
/// Beast reads heads only.
using head_parser = http::request_parser<http::empty_body>;

/// How much is read at once.
constexpr std::size_t read_bytes = 16 * 1024;

/// What surrounds the target in a request line: the longest method that has a name, two blanks, the version.
constexpr std::size_t around_target = 32;

/// Finds the end of a head, line by line, and what Beast would let pass in it.
class head_scan {
public:
    explicit head_scan(const server_limits& limits) : limits_(&limits) {}

    [[nodiscard]] bool is_in_first_line() const { return lines_ == 0; }

    /// Size of the head once it is whole; 0 as long as it is not.
    [[nodiscard]] std::size_t size() const { return is_whole_ ? line_start_ : 0; }

    /// @param bytes  everything since the beginning of the head
    /// @return why the request is refused, if it is
    std::optional<refusal> scan(std::string_view bytes)
    {
        // Who speaks something else, such as TLS, may never send the line's end that we would wait for. Behind a
        // carriage return an empty line may end yet.
        if (!bytes.empty() && !is_token(bytes.front()) && bytes.front() != '\r')
            return refusal{400};
        while (!is_whole_) {
            const auto end = bytes.find('\n', std::max(line_start_, scanned_));
            scanned_ = std::min(bytes.size(), end);
            const auto line = bytes.substr(line_start_, scanned_ - line_start_);
            if (const auto refused = check_size(line))
                return refused;
            if (end == std::string_view::npos)
                return std::nullopt;
            if (!line.ends_with('\r'))
                return refusal{400};
            if (const auto refused = take(line))
                return refused;
            line_start_ = end + 1;
        }
        return std::nullopt;
    }

private:
    std::optional<refusal> check_size(std::string_view line) const
    {
        if (lines_ == 0 && line.size() > limits_->target_bytes + around_target)
            return refusal{414};
        if (scanned_ > limits_->head_bytes || lines_ > limits_->fields + 1)
            return refusal{431};
        return std::nullopt;
    }

    std::optional<refusal> take(std::string_view line)
    {
        // A folded line (RFC 9112 §5.2) would hide what it carries from readers that do not unfold.
        if (line.starts_with(' ') || line.starts_with('\t'))
            return refusal{400};
        is_whole_ = line.size() == 1 && lines_ > 0;
        ++lines_;
        return std::nullopt;
    }

    const server_limits* limits_;
    std::size_t line_start_ = 0;
    std::size_t scanned_ = 0;
    std::size_t lines_ = 0;
    bool is_whole_ = false;
};

bool has_body(const head_parser& parser)
{
    return parser.chunked() || parser.content_length().value_or(0) > 0;
}

/// Nothing, or a colon and digits, or none.
bool is_valid_port(std::string_view text)
{
    if (text.size() < 2)
        return text.empty() || text == ":";
    std::uint16_t port = 0;
    const auto [end, problem] = std::from_chars(text.begin() + 1, text.end(), port);
    return text.front() == ':' && problem == std::errc{} && end == text.end();
}

/// `uri-host [ ":" port ]` (RFC 3986 §3.2), names and addresses as far as their characters go.
bool is_valid_host(std::string_view host)
{
    constexpr std::string_view of_names = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                          "-._~!$&'()*+,;=%";
    constexpr std::string_view of_addresses = "abcdefABCDEF0123456789:.";

    if (host.starts_with('[')) {
        const auto end = host.find(']');
        return end != std::string_view::npos && end > 1 && is_valid_port(host.substr(end + 1)) &&
               host.substr(1, end - 1).find_first_not_of(of_addresses) == std::string_view::npos;
    }
    const auto name = host.substr(0, host.find(':'));
    return !name.empty() && is_valid_port(host.substr(name.size())) &&
           name.find_first_not_of(of_names) == std::string_view::npos;
}

bool has_valid_host(const http::request_header<>& head)
{
    const auto count = head.count(http::field::host);
    if (count == 0)
        return head.version() < 11;
    return count == 1 && is_valid_host(head[http::field::host]);
}

/// The absolute form, which proxies are sent and servers must understand (RFC 9112 §3.2.2), taken apart.
struct absolute_form {
    std::string_view host;
    std::string_view rest;
};

/// Nothing for the other forms.
std::optional<absolute_form> take_apart(std::string_view target)
{
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!equal_ignoring_case(target.substr(0, scheme.size()), scheme))
            continue;
        target.remove_prefix(scheme.size());
        const auto path = std::min(target.find('/'), target.size());
        return absolute_form{target.substr(0, path), target.substr(path)};
    }
    return std::nullopt;
}

/// The Host field must say the same as the target (RFC 9110 §7.2). Where it does not, the one in front of us may have
/// looked at the other one.
bool has_valid_target(const http::request_header<>& head)
{
    const std::string_view target = head.target();
    const auto is_ascii = [](char letter) { return static_cast<unsigned char>(letter) < 0x80; };
    if (!std::ranges::all_of(target, is_ascii))
        return false;
    const auto parts = take_apart(target);
    if (!parts)
        return true;
    const std::string_view host = head[http::field::host];
    return is_valid_host(parts->host) && (host.empty() || equal_ignoring_case(host, parts->host));
}

/// Beast takes several equal lengths for one.
bool has_valid_length(const http::request_header<>& head)
{
    const auto count = head.count(http::field::content_length);
    const std::string_view digits = head[http::field::content_length];
    return count == 0 || (count == 1 && digits.find_first_not_of("0123456789") == std::string_view::npos);
}

bool has_valid_coding(const http::request_header<>& head)
{
    const auto count = head.count(http::field::transfer_encoding);
    return count == 0 ||
           (count == 1 && head.version() == 11 && equal_ignoring_case(head[http::field::transfer_encoding], "chunked"));
}

body_decoder framing_of(const head_parser& parser)
{
    return parser.chunked() ? body_decoder::chunked() : body_decoder::of_length(parser.content_length().value_or(0));
}

std::optional<refusal> check_head(const head_parser& parser, const server_limits& limits)
{
    const auto& head = parser.get().base();
    if (head.target().size() > limits.target_bytes)
        return refusal{414};
    if (!has_valid_host(head) || !has_valid_target(head) || !has_valid_length(head) || !has_valid_coding(head))
        return refusal{400};
    if (has_body(parser) && (head.method() == http::verb::get || head.method() == http::verb::head))
        return refusal{400};
    if (parser.content_length().value_or(0) > limits.body_bytes)
        return refusal{413};
    const auto expected = head[http::field::expect];
    if (!expected.empty() && !equal_ignoring_case(expected, "100-continue"))
        return refusal{417};
    return std::nullopt;
}

/// Whether a request line that Beast refused is well formed but for its version.
bool is_other_version(std::string_view head)
{
    const auto line = head.substr(0, head.find("\r\n"));
    const auto version = line.substr(std::min(line.rfind(' '), line.size()));
    const auto is_digit = [version](std::size_t at) { return version[at] >= '0' && version[at] <= '9'; };
    return std::ranges::count(line, ' ') == 2 && version.size() == 9 && version.starts_with(" HTTP/") && is_digit(6) &&
           version[7] == '.' && is_digit(8);
}

std::string_view origin_form(std::string_view target)
{
    const auto parts = take_apart(target);
    if (!parts)
        return target;
    return parts->rest.empty() ? "/" : parts->rest;
}

std::optional<request> copy_head(const head_parser& parser)
{
    const auto& message = parser.get();
    auto parts = split(origin_form(message.target()));
    // Whoever takes the path for a C string would see another one.
    if (!parts || parts->path.find('\0') != std::string::npos)
        return std::nullopt;

    request taken;
    taken.method = std::string(message.method_string());
    taken.target = std::string(message.target());
    taken.path = std::move(parts->path);
    taken.query = std::move(parts->query);
    for (const auto& field : message)
        taken.fields.emplace_back(std::string(field.name_string()), std::string(field.value()));
    return taken;
}

} // namespace

struct request_reader::impl {
    explicit impl(const server_limits& bounds) : limits(bounds), scan(limits) {}

    std::string_view view() const { return {static_cast<const char*>(arrived.data().data()), arrived.size()}; }

    std::optional<refusal> read_head();
    std::optional<refusal> read_body();
    step finish();

    server_limits limits;
    boost::beast::flat_buffer arrived;
    head_scan scan;
    std::optional<head_parser> parser; ///< there once the head is whole
    body_decoder framing = body_decoder::nothing();
    std::string body;
    bool is_continue_said = false;
};

request_reader::request_reader(const server_limits& limits) : impl_(std::make_unique<impl>(limits)) {}
request_reader::request_reader(request_reader&&) noexcept = default;
request_reader& request_reader::operator=(request_reader&&) noexcept = default;
request_reader::~request_reader() = default;

std::span<char> request_reader::prepare()
{
    const auto room = impl_->arrived.prepare(read_bytes);
    return {static_cast<char*>(room.data()), room.size()};
}

void request_reader::commit(std::size_t bytes)
{
    impl_->arrived.commit(bytes);
}

bool request_reader::is_empty() const
{
    return impl_->arrived.size() == 0;
}

request_reader::step request_reader::advance()
{
    if (!impl_->parser) {
        if (const auto refused = impl_->read_head())
            return *refused;
        if (!impl_->parser)
            return need_more{};
    }
    if (const auto refused = impl_->read_body())
        return *refused;
    if (impl_->framing.is_done())
        return impl_->finish();

    const auto& head = impl_->parser->get();
    const bool is_expected = head.version() == 11 && head.count(http::field::expect) > 0 && is_empty();
    if (is_expected && !std::exchange(impl_->is_continue_said, true))
        return expects_continue{};
    return need_more{};
}

std::optional<refusal> request_reader::impl::read_head()
{
    // Empty lines before a request are passed over (RFC 9112 §2.2): some clients end a body with one.
    while (scan.is_in_first_line() && view().starts_with("\r\n")) {
        arrived.consume(2);
        scan = head_scan(limits);
    }
    if (const auto refused = scan.scan(view()))
        return refused;
    if (scan.size() == 0)
        return std::nullopt;

    parser.emplace();
    parser->header_limit(std::numeric_limits<std::uint32_t>::max()); // scan has seen to that
    parser->body_limit(boost::none);                                 // and check_head and read_body to that
    error_code error;
    const auto head = view().substr(0, scan.size());
    const auto used = parser->put(asio::buffer(head), error);
    if (error == http::error::bad_version && is_other_version(head))
        return refusal{505};
    if (error || !parser->is_header_done())
        return refusal{400};
    arrived.consume(used);
    framing = framing_of(*parser);
    return check_head(*parser, limits);
}

std::optional<refusal> request_reader::impl::read_body()
{
    while (true) {
        auto rest = view();
        const auto piece = framing.take(rest);
        if (!piece)
            return refusal{400};
        if (piece->size() + framing.announced() > limits.body_bytes - body.size())
            return refusal{413};
        body.append(*piece);
        arrived.consume(arrived.size() - rest.size());
        if (piece->empty())
            return std::nullopt;
    }
}

request_reader::step request_reader::impl::finish()
{
    auto message = copy_head(*parser);
    if (!message)
        return refusal{400};
    message->body = std::exchange(body, {});
    complete whole{*std::move(message), parser->get().version(), parser->keep_alive()};

    parser.reset();
    scan = head_scan(limits);
    is_continue_said = false;
    return whole;
}

} // namespace proto_http
