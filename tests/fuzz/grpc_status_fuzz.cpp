#include "proto_http/grpc_status.hpp"

#include "proto_http/grpc_framing.hpp"
#include "proto_http/target.hpp"
#include "tests/fuzz/fuzz_input.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace {

constexpr int unknown = 2;

/// The number that digits are, read as at school; nothing for other text, and where it is too large.
std::optional<int> number_of(std::string_view digits)
{
    std::int64_t number = 0;
    for (const char digit : digits) {
        if (digit < '0' || digit > '9')
            return std::nullopt;
        number = std::min<std::int64_t>(number * 10 + (digit - '0'), std::int64_t{1} << 40U);
    }
    return digits.empty() || number > 0x7FFFFFFF ? std::nullopt : std::optional(static_cast<int>(number));
}

void require_message_comes_through(std::string_view text)
{
    using proto_http::decode_grpc_message;
    fuzz::require(decode_grpc_message(proto_http::percent_encode(text)) == text, "decoding undoes encoding");
    const auto decoded = proto_http::percent_decode(text);
    fuzz::require(!decoded || decode_grpc_message(text) == *decoded, "what is well encoded reads as anywhere");
}

} // namespace

/// The HTTP status, then header fields, one a line: a status, `=` and its message.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    fuzz::input input(data, size);
    proto_http::http2_answer answer;
    answer.status = 200U + input.byte();
    answer.has_ended = true;
    std::string_view status;
    std::string_view message;
    if (!input.rest().empty())
        for (const auto line : fuzz::split(input.rest(), '\n')) {
            const auto equals = std::min(line.find('='), line.size());
            status = line.substr(0, equals);
            message = line.substr(std::min(equals + 1, line.size()));
            answer.fields.emplace_back("grpc-status", status);
            answer.fields.emplace_back("Grpc-Message", message);
        }
    require_message_comes_through(message);

    const auto failed = proto_http::grpc_verdict(answer);
    const auto expected = number_of(status).value_or(unknown);
    fuzz::require(failed.has_value() == (answer.status != 200 || expected != 0), "zero is all that is well");
    if (!failed)
        return 0;
    fuzz::require(failed->code.failed() && !failed->code.message().empty(), "a failure has a name");
    if (answer.status == 200)
        fuzz::require(failed->code == proto_http::error_code(expected, proto_http::grpc_category()) &&
                          failed->message == proto_http::decode_grpc_message(message),
                      "it is what the server said last");
    return 0;
}
