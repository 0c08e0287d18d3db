#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace proto_http {

/// Cuts a stream of bytes, in whatever pieces it arrives, into newline-ended records.
///
/// Takes newline-delimited JSON (`application/x-ndjson`, `application/jsonl`, and the concatenated objects with line
/// ends that engines before API 1.52 send) and JSON text sequences (RFC 7464, records led by the byte 0x1E).
/// Blank records are passed over, a carriage return before the line end is dropped. A record longer than the limit is
/// dropped whole and counted; the framing goes on with the next one.
class line_framer {
public:
    explicit line_framer(std::size_t most_bytes = 1024 * 1024) : most_bytes_(most_bytes) {}

    /// Takes the next bytes and calls `record(std::string_view)` for each record that they complete. The view
    /// is valid during the call.
    template <class Record>
    void push(std::string_view bytes, Record&& record)
    {
        while (!bytes.empty()) {
            const auto end = find_end(bytes);
            if (end == std::string_view::npos)
                return keep(bytes);
            const auto line = complete(bytes.substr(0, end));
            if (!line.empty())
                record(line);
            pending_.clear();
            bytes.remove_prefix(end + 1);
        }
    }

    /// Records dropped because they were too long.
    [[nodiscard]] std::size_t dropped() const noexcept { return dropped_; }

private:
    /// Position of the first line end or record separator.
    [[nodiscard]] static std::size_t find_end(std::string_view bytes) noexcept;

    /// Holds the beginning of a record until the rest comes.
    void keep(std::string_view bytes);

    /// The whole record that ends here; empty when it is blank or too long.
    [[nodiscard]] std::string_view complete(std::string_view tail);

    std::size_t most_bytes_;
    std::size_t dropped_ = 0;
    bool overlong_ = false; ///< inside a record that is being dropped
    std::string pending_;
};

} // namespace proto_http
