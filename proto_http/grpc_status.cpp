#include "proto_http/grpc_status.hpp"

#include "proto_http/errc.hpp"
#include "proto_http/grpc_framing.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <string_view>
#include <system_error>

namespace proto_http {
namespace {

constexpr int grpc_ok = 0;
constexpr int grpc_unknown = 2;

// Never deleted through its base, whose destructor is protected; g++ takes it for accessible because of a friend.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
class category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "grpc"; }

    std::string message(int code) const override
    {
        static constexpr std::array<std::string_view, 17> words{
            "ok",        "cancelled",      "unknown",           "invalid argument",   "deadline exceeded",
            "not found", "already there",  "permission denied", "resource exhausted", "failed precondition",
            "aborted",   "out of range",   "unimplemented",     "internal error",     "unavailable",
            "data loss", "unauthenticated"};
        const auto at = static_cast<std::size_t>(code);
        return at < words.size() ? std::string(words.at(at)) : "status " + std::to_string(code);
    }
};
#pragma GCC diagnostic pop

/// The last field of that name: what a first head says of an end that was still to come does not count.
std::string_view last_field(const field_list& fields, std::string_view name)
{
    const auto found = std::find_if(fields.rbegin(), fields.rend(),
                                    [name](const auto& field) { return equal_ignoring_case(field.first, name); });
    return found == fields.rend() ? std::string_view{} : found->second;
}

/// Digits, and nothing else: `from_chars` by itself would take `-0` for a zero.
int read_status(std::string_view text)
{
    int status = grpc_unknown;
    const auto* const text_end = text.data() + text.size();
    const auto [end, bad] = std::from_chars(text.data(), text_end, status);
    const bool is_number = bad == std::errc{} && end == text_end && !text.starts_with('-');
    return is_number ? status : grpc_unknown;
}

} // namespace

const boost::system::error_category& grpc_category() noexcept
{
    static const category instance;
    return instance;
}

std::optional<grpc_failure> grpc_verdict(const http2_answer& answer)
{
    if (answer.end)
        return grpc_failure{answer.end, {}};
    if (answer.status != 200)
        return grpc_failure{errc::bad_message, "status " + std::to_string(answer.status)};
    const int status = read_status(last_field(answer.fields, "grpc-status"));
    if (status == grpc_ok)
        return std::nullopt;
    return grpc_failure{error_code(status, grpc_category()),
                        decode_grpc_message(last_field(answer.fields, "grpc-message"))};
}

} // namespace proto_http
