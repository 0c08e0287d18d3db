#include "proto_http/response_reader.hpp"

#include "proto_http/errc.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <new>
#include <utility>

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace proto_http {
namespace {

/// How much is asked for at once.
constexpr std::size_t read_bytes = 64 * 1024;

/// Beast reads heads only.
using head_parser = http::response_parser<http::empty_body>;

/// A server that expected TLS answers with an alert: content type 21, legacy version 3.x (RFC 8446 §5.1).
constexpr std::string_view tls_alert = "\x15\x03";
/// How every response begins (RFC 9112 §4) that Beast reads.
constexpr std::string_view protocol = "HTTP/1.";

/// Finds the end of a head, line by line.
///
/// Beast by itself counts the status line and the fields apart, how far depends on the pieces in which they come; and
/// behind the first piece it waits for the end of a head, even if there is none to come.
class head_scan {
public:
    explicit head_scan(std::size_t most_bytes = 0) : most_bytes_(most_bytes) {}

    /// @param bytes  everything since the beginning of the head
    /// @return its size; 0 as long as it is not whole
    result<std::size_t> find_end(std::string_view bytes)
    {
        if (bytes.starts_with(tls_alert))
            return make_error_code(errc::unexpected_tls);
        if (!bytes.starts_with(protocol.substr(0, bytes.size())) && !tls_alert.starts_with(bytes))
            return make_error_code(errc::bad_message);
        while (true) {
            const auto end = bytes.find('\n', std::max(line_start_, scanned_));
            scanned_ = std::min(end, bytes.size());
            if (scanned_ >= most_bytes_)
                return make_error_code(errc::head_too_large);
            if (end == std::string_view::npos)
                return std::size_t{0};
            const auto line = bytes.substr(line_start_, end - line_start_);
            if (!line.ends_with('\r'))
                return make_error_code(errc::bad_message);
            line_start_ = end + 1;
            if (line.size() == 1)
                return line_start_;
        }
    }

private:
    std::size_t most_bytes_;
    std::size_t line_start_ = 0;
    std::size_t scanned_ = 0;
};

response_head copy_head(const head_parser& parser)
{
    response_head head;
    head.status = parser.get().result_int();
    for (const auto& field : parser.get())
        head.fields.emplace_back(std::string(field.name_string()), std::string(field.value()));
    return head;
}

/// What Beast 1.81 lets pass: another coding than `chunked` would leave us with bytes that we cannot read, a switch of
/// protocols was never asked for, and no status begins with a zero (RFC 9110 §15).
error_code check_head(const head_parser& parser)
{
    const auto& message = parser.get();
    if (message.result_int() == 101 || message.result_int() < 100)
        return errc::bad_message;
    const auto codings = message.equal_range(http::field::transfer_encoding);
    for (auto coding = codings.first; coding != codings.second; ++coding)
        if (message.version() < 11 || !equal_ignoring_case(std::string_view(coding->value()), "chunked"))
            return errc::bad_message;
    if (message.count(http::field::transfer_encoding) > 1)
        return errc::bad_message;
    return {};
}

body_decoder framing_of(const head_parser& parser)
{
    if (parser.is_done())
        return body_decoder::nothing();
    if (parser.chunked())
        return body_decoder::chunked();
    if (const auto length = parser.content_length())
        return body_decoder::of_length(*length);
    return body_decoder::until_close();
}

/// @param text  all of a head
result<response_reader::start> read_head(std::string_view text, bool to_head)
{
    head_parser parser;
    parser.header_limit(std::numeric_limits<std::uint32_t>::max());
    parser.body_limit(boost::none);
    parser.skip(to_head);
    error_code error;
    parser.put(asio::buffer(text), error);
    if (error || !parser.is_header_done())
        return make_error_code(errc::bad_message);
    if (const auto wrong = check_head(parser))
        return wrong;
    return response_reader::start{copy_head(parser), framing_of(parser), parser.keep_alive()};
}

} // namespace

std::string_view response_head::field(std::string_view name) const
{
    return find_field(fields, name);
}

struct response_reader::impl {
    [[nodiscard]] std::string_view bytes() const
    {
        return {static_cast<const char*>(arrived.cdata().data()), arrived.size()};
    }

    boost::beast::flat_buffer arrived;
    head_scan scan;
    std::size_t head_bytes = 0;
    bool to_head = false;
};

response_reader::response_reader() : impl_(std::make_unique<impl>()) {}
response_reader::response_reader(response_reader&&) noexcept = default;
response_reader& response_reader::operator=(response_reader&&) noexcept = default;
response_reader::~response_reader() = default;

std::span<char> response_reader::prepare()
{
    const auto room = impl_->arrived.prepare(read_bytes);
    return {static_cast<char*>(room.data()), room.size()};
}

void response_reader::commit(std::size_t bytes)
{
    impl_->arrived.commit(bytes);
}

bool response_reader::is_empty() const
{
    return impl_->arrived.size() == 0;
}

void response_reader::clear()
{
    impl_->arrived.clear();
}

void response_reader::expect_head(std::size_t most_bytes, bool to_head)
{
    impl_->head_bytes = most_bytes;
    impl_->to_head = to_head;
    impl_->scan = head_scan(most_bytes);
}

result<std::optional<response_reader::start>> response_reader::take_head()
{
    while (true) {
        const auto size = impl_->scan.find_end(impl_->bytes());
        if (!size)
            return size.error();
        if (*size == 0)
            return std::optional<start>{};
        auto head = read_head(impl_->bytes().substr(0, *size), impl_->to_head);
        if (!head)
            return head.error();
        impl_->arrived.consume(*size);
        if (head->head.status / 100 != 1)
            return std::optional(*std::move(head));
        impl_->scan = head_scan(impl_->head_bytes);
    }
}

result<std::string_view> response_reader::take(body_decoder& framing)
{
    auto rest = impl_->bytes();
    const auto piece = framing.take(rest);
    impl_->arrived.consume(impl_->arrived.size() - rest.size());
    return piece;
}

result<response_reader::verdict> response_reader::append(std::string& body, body_decoder& framing, std::size_t most)
{
    try {
        while (true) {
            const auto piece = take(framing);
            if (!piece)
                return piece.error();
            if (piece->empty())
                return verdict::fits;
            // The engine sends a list as one chunk, whatever its size. Growing in steps, it would be moved often.
            const auto room = most - body.size();
            body.reserve(body.size() + std::min<std::uint64_t>(piece->size() + framing.announced(), room));
            body.append(piece->substr(0, room));
            if (piece->size() > room)
                return verdict::too_much;
        }
    } catch (const std::bad_alloc&) {
        return error_code(asio::error::no_memory);
    }
}

} // namespace proto_http
