#include "proto_http/line_framer.hpp"

#include <algorithm>

namespace proto_http {

std::size_t line_framer::find_end(std::string_view bytes) noexcept
{
    // Two searches for one byte each: memchr is far faster than a search for either of two, and hardly any stream has
    // record separators.
    const auto line_end = bytes.find('\n');
    const auto separator = bytes.substr(0, line_end).find('\x1e');
    return std::min(line_end, separator);
}

void line_framer::keep(std::string_view bytes)
{
    if (overlong_)
        return;
    if (bytes.size() > most_bytes_ - pending_.size()) {
        overlong_ = true;
        ++dropped_;
        pending_.clear();
        return;
    }
    pending_.append(bytes);
}

std::string_view line_framer::complete(std::string_view tail)
{
    auto record = tail;
    if (overlong_ || !pending_.empty()) {
        keep(tail);
        record = pending_; // empty when the record was too long
    } else if (tail.size() > most_bytes_) {
        ++dropped_;
        record = {};
    }
    overlong_ = false;

    if (record.ends_with('\r'))
        record.remove_suffix(1);
    const bool is_blank = record.find_first_not_of(" \t\r") == std::string_view::npos;
    return is_blank ? std::string_view{} : record;
}

} // namespace proto_http
