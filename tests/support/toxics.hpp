#pragma once

#include "tests/support/engine_state.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What may go wrong between an engine and whoever asks it, as values: a scripted engine applies them.
namespace support {

constexpr std::size_t all_bytes = static_cast<std::size_t>(-1);

/// What goes wrong with answers to one path: what they say, how they are framed, and how they get onto the wire.
///
///     engine.poison({.path = "/tasks", .status = 500});
///     engine.poison({.path = "/tasks", .first = 2, .last = 3, .slice = 1, .cut_at = 400, .then =
///     toxic::ending::reset});
struct toxic {
    enum class framing {
        length,      ///< `Content-Length`
        chunked,     ///< in chunks of `chunk_bytes`
        until_close, ///< no length: the end of the connection is the end of the body
    };
    enum class ending {
        keep,  ///< the connection stays open for the next request, unless something was cut off
        close, ///< in good order, as far as a socket knows
        reset, ///< ECONNRESET
        stall, ///< nothing more comes, and it is not closed
    };

    std::string path{};           ///< without version and query; `/tasks/*` is all below; empty: every one
    std::size_t first = 1;        ///< of the requests that it would meet
    std::size_t last = all_bytes; ///< likewise

    // What is said instead of the truth
    std::optional<unsigned> status{};
    std::optional<std::string> body{};
    std::optional<std::string> content_type{};
    std::vector<std::pair<std::string, std::string>> headers{}; ///< besides those that an engine sends
    std::string interim{}; ///< bytes in front of the head: `HTTP/1.1 103 Early Hints\r\n\r\n`

    // How it is framed
    framing framed = framing::length;
    std::optional<std::uint64_t> announced{}; ///< a `Content-Length` that is not true
    std::size_t chunk_bytes = all_bytes;
    std::string chunk_extension{}; ///< `;name=value`
    std::string trailers{};        ///< behind the last chunk, each with its line end

    // How it gets onto the wire
    std::chrono::milliseconds delay{};   ///< before the first byte
    std::size_t slice = all_bytes;       ///< bytes at a time
    std::chrono::milliseconds pause{};   ///< between two slices
    std::optional<std::size_t> cut_at{}; ///< so many bytes go out, head included, and no more
    ending then = ending::keep;          ///< after the last byte, or the cut

    /// Whether what it lets through is the truth, whole.
    [[nodiscard]] bool is_harmless() const
    {
        return !status && !body && !announced && !cut_at && then != ending::stall;
    }
};

/// Those that are at work, each with its count of the requests that it met.
class toxics {
public:
    void add(toxic what) { entries_.push_back({std::move(what), 0}); }
    void clear() { entries_.clear(); }

    /// What happens to the next request for that path: the first one that is meant for it, or a harmless one. All that
    /// are meant for the path count the request.
    [[nodiscard]] toxic meet(std::string_view path);

private:
    struct entry {
        toxic what;
        std::size_t met;
    };
    std::list<entry> entries_;
};

/// The bytes of an answer.
///
/// @param fields   header lines that every answer of the engine has, each with its line end
/// @param to_head  whether it answers HEAD, which has no body
[[nodiscard]] std::string wire_text(const engine_answer& answer, std::string_view fields, const toxic& how,
                                    bool to_head);

/// One chunk of `Transfer-Encoding: chunked`, or several of at most `most` bytes.
[[nodiscard]] std::string as_chunks(std::string_view bytes, std::size_t most = all_bytes,
                                    std::string_view extension = {});

/// What goes wrong with the records of an event stream, before they are sent.
struct event_toxics {
    bool mute = false;         ///< the stream stays open and says nothing
    std::size_t lose = 0;      ///< so many of the next records never come
    std::size_t copies = 1;    ///< each record comes so many times
    std::size_t batch = 1;     ///< records wait until so many are there
    bool is_reversed = false;  ///< a batch comes with the last first
    bool is_one_chunk = false; ///< a batch comes in one chunk
    std::size_t chunk_bytes = all_bytes;
    bool is_json_seq = false; ///< a record separator stands before each record (RFC 7464)
};

/// Applies them: records go in, bodies of chunks come out.
class event_mangler {
public:
    /// @param record  with its line end
    [[nodiscard]] std::vector<std::string> take(std::string record, event_toxics& how);
    /// What waits for its batch, as it is.
    [[nodiscard]] std::vector<std::string> rest(const event_toxics& how);

private:
    std::deque<std::string> waiting_;
};

} // namespace support
