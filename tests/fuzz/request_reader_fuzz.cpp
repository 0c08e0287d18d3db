#include "proto_http/request_reader.hpp"

#include "tests/fuzz/fuzz_input.hpp"

#include <algorithm>
#include <sstream>
#include <string>

namespace {

using proto_http::request_reader;

/// A whole request, or the status of a refusal.
struct outcome {
    unsigned refused = 0;
    request_reader::complete whole;
};

bool operator==(const outcome& left, const outcome& right)
{
    const auto parts = [](const outcome& from) {
        const auto& message = from.whole.message;
        return std::tie(from.refused, from.whole.version, from.whole.keep_alive, message.method, message.target,
                        message.path, message.query, message.fields, message.body);
    };
    return parts(left) == parts(right);
}

/// Takes steps until more bytes are needed. @return whether the connection is of use any longer
bool advance(request_reader& reader, std::vector<outcome>& seen)
{
    while (true) {
        auto step = reader.advance();
        if (std::holds_alternative<request_reader::need_more>(step))
            return true;
        if (const auto* refusal = std::get_if<request_reader::refusal>(&step)) {
            fuzz::require(refusal->status >= 400 && refusal->status <= 599, "a refusal is an error");
            seen.push_back({refusal->status, {}});
            return false;
        }
        // Whether a client is told to go on does depend on the cuts.
        if (auto* whole = std::get_if<request_reader::complete>(&step))
            seen.push_back({0, std::move(*whole)});
    }
}

std::vector<outcome> read(const fuzz::piece_list& pieces, const proto_http::server_limits& limits)
{
    request_reader reader(limits);
    std::vector<outcome> seen;
    for (auto piece : pieces) {
        while (!piece.empty()) {
            const auto room = reader.prepare();
            fuzz::require(!room.empty(), "there is room for more");
            const auto count = std::min(room.size(), piece.size());
            std::copy_n(piece.begin(), count, room.begin());
            reader.commit(count);
            piece.remove_prefix(count);
            if (!advance(reader, seen))
                return seen;
        }
    }
    return seen;
}

std::size_t count_fields(const proto_http::request& message, std::string_view name)
{
    return static_cast<std::size_t>(
        std::count_if(message.fields.begin(), message.fields.end(),
                      [name](const auto& field) { return proto_http::equal_ignoring_case(field.first, name); }));
}

void require_sound(const request_reader::complete& whole, const proto_http::server_limits& limits)
{
    const auto& message = whole.message;
    fuzz::require(whole.version == 10 || whole.version == 11, "the version is 1.0 or 1.1");
    fuzz::require(whole.version == 10 || count_fields(message, "host") == 1, "HTTP/1.1 has one Host");
    fuzz::require(count_fields(message, "transfer-encoding") == 0 || count_fields(message, "content-length") == 0,
                  "a body has one framing");
    fuzz::require(message.target.size() <= limits.target_bytes, "the target fits");
    fuzz::require(message.fields.size() <= limits.fields, "there are not too many fields");
    fuzz::require(message.body.size() <= limits.body_bytes, "the body fits");
    fuzz::require(message.path.starts_with('/'), "a path begins with a slash");
    fuzz::require(message.path.find('\0') == std::string::npos, "a path is one for everybody");
    fuzz::require(count_fields(message, "content-length") <= 1, "a body has one length");
    fuzz::require(message.body.empty() || (message.method != "GET" && message.method != "HEAD"), "GET has no body");
    for (const auto& [name, value] : message.fields) {
        fuzz::require(!name.empty() && name.find_first_of(" \t\r\n:") == std::string::npos, "a field has a name");
        fuzz::require(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos, "a value is one line");
    }
}

std::string as_sent(const request_reader::complete& whole)
{
    const auto& message = whole.message;
    std::ostringstream out;
    out << message.method << ' ' << message.target << (whole.version == 11 ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n");
    for (const auto& [name, value] : message.fields)
        out << name << ':' << value << "\r\n";
    out << "\r\n";
    if (count_fields(message, "transfer-encoding") == 0)
        out << message.body;
    else if (message.body.empty())
        out << "0\r\n\r\n";
    else
        out << std::hex << message.body.size() << "\r\n" << message.body << "\r\n0\r\n\r\n";
    return out.str();
}

proto_http::server_limits limits_of(std::uint8_t choice)
{
    constexpr std::array<std::size_t, 4> body_bytes{0, 16, 4096, 65536};
    proto_http::server_limits limits;
    limits.body_bytes = body_bytes.at(choice & 3U);
    if ((choice & 4U) != 0) {
        limits.head_bytes = 256;
        limits.target_bytes = 64;
        limits.fields = 4;
    }
    return limits;
}

} // namespace

/// Which limits, four cuts, the bytes of a connection.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    fuzz::input input(data, size);
    const auto limits = limits_of(input.byte());
    const auto cut = fuzz::cuts::from(input);
    const auto bytes = input.rest();

    const auto seen = read({bytes}, limits);
    fuzz::require(read(cut(bytes), limits) == seen, "cuts make no difference");
    fuzz::require(read(fuzz::cuts::at_every_byte()(bytes), limits) == seen, "single bytes make no difference");
    for (const auto& each : seen) {
        if (each.refused != 0)
            continue;
        require_sound(each.whole, limits);
        fuzz::require(read({as_sent(each.whole)}, limits) == std::vector{each},
                      "what was understood means the same when it is sent on");
    }
    return 0;
}
