#pragma once

#include "proto_http/http2_session.hpp"
#include "proto_http/result.hpp"

#include <boost/assert/source_location.hpp>
#include <boost/system/system_error.hpp>

#include <optional>
#include <string>

namespace proto_http {

/// Why a call brought nothing: a failing connection, or the status that the server gave.
struct grpc_failure {
    error_code code;
    std::string message; ///< of the server, if it sent one
};

/// What `value()` does for a result that has none.
[[noreturn]] inline void throw_exception_from_error(const grpc_failure& why, const boost::source_location&)
{
    throw boost::system::system_error(why.code, why.message);
}

template <class T>
using grpc_result = boost::system::result<T, grpc_failure>;

/// What a server's `grpc-status` says, as an error code; its values are gRPC's own (1: cancelled … 16:
/// unauthenticated).
[[nodiscard]] const boost::system::error_category& grpc_category() noexcept;

/// How a call ended, from an answer that has ended; nothing when all is well.
///
/// That is so only where the server says it, with a status of zero, and says nothing else after it. A status that is
/// missing, or no number in digits, is "unknown".
///
/// Source: gRPC over HTTP/2, "Responses".
[[nodiscard]] std::optional<grpc_failure> grpc_verdict(const http2_answer& answer);

} // namespace proto_http
