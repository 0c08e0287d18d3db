#include "sd_writer/json.hpp"

#include <algorithm>
#include <array>
#include <cassert>

namespace sd_writer {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD"; // U+FFFD in UTF-8

unsigned char byte_at(std::string_view text, std::size_t at)
{
    return static_cast<unsigned char>(text[at]);
}

/// Bytes that stand for themselves in a JSON string: printable ASCII but `"` and `\`.
constexpr auto plain_bytes = [] {
    std::array<bool, 256> plain{};
    for (std::size_t byte = 0x20; byte < 0x7F; ++byte)
        plain[byte] = byte != '"' && byte != '\\';
    return plain;
}();

struct code_point {
    char32_t value = 0;
    std::size_t bytes = 0; ///< 0: no UTF-8
};

/// How many bytes the first one announces, by RFC 3629; 0 where none may start so.
std::size_t announced_bytes(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first <= 0xDF)
        return 2;
    if (first >= 0xE0 && first <= 0xEF)
        return 3;
    return first >= 0xF0 && first <= 0xF4 ? 4 : 0;
}

/// Too long an encoding, a surrogate, or beyond Unicode.
bool is_forbidden(const code_point& read)
{
    constexpr std::array<char32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
    return read.value < least.at(read.bytes) || read.value > 0x10FFFF || (read.value >= 0xD800 && read.value <= 0xDFFF);
}

code_point first_code_point(std::string_view text)
{
    const auto bytes = announced_bytes(byte_at(text, 0));
    if (bytes == 0 || bytes > text.size())
        return {};
    if (bytes == 1)
        return {byte_at(text, 0), 1};

    code_point read{byte_at(text, 0) & (0xFFU >> (bytes + 1)), bytes};
    for (std::size_t at = 1; at < bytes; ++at) {
        if ((byte_at(text, at) & 0xC0U) != 0x80)
            return {};
        read.value = (read.value << 6U) | (byte_at(text, at) & 0x3FU);
    }
    return is_forbidden(read) ? code_point{} : read;
}

/// Must not stand raw: in JSON (below U+0020), in YAML, or in JavaScript (U+2028, U+2029).
bool needs_escape(char32_t value)
{
    return value < 0x20 || (value >= 0x7F && value <= 0x9F) || value == 0x2028 || value == 0x2029 || value == 0xFEFF ||
           value == 0xFFFE || value == 0xFFFF;
}

void append_unicode_escape(std::string& out, char32_t value)
{
    assert(value <= 0xFFFF);
    constexpr std::string_view digits = "0123456789abcdef";
    out += "\\u";
    for (const unsigned shift : {12U, 8U, 4U, 0U})
        out += digits[(value >> shift) & 0xFU];
}

void append_escaped(std::string& out, char32_t value)
{
    switch (value) {
    case '"':
        out += "\\\"";
        return;
    case '\\':
        out += "\\\\";
        return;
    case '\b':
        out += "\\b";
        return;
    case '\f':
        out += "\\f";
        return;
    case '\n':
        out += "\\n";
        return;
    case '\r':
        out += "\\r";
        return;
    case '\t':
        out += "\\t";
        return;
    default:
        append_unicode_escape(out, value);
    }
}

/// Appends the character that `text` starts with, which is none of the plain bytes.
/// @return how many bytes of `text` it took
std::size_t append_special(std::string& out, std::string_view text)
{
    const auto [value, bytes] = first_code_point(text);
    if (bytes == 0) {
        out += replacement;
        return 1;
    }
    if (bytes == 1 || needs_escape(value))
        append_escaped(out, value);
    else
        out += text.substr(0, bytes);
    return bytes;
}

void append_targets(std::string& out, const std::vector<std::string>& targets)
{
    std::string_view separator;
    for (const auto& target : targets) {
        out += separator;
        append_json_string(out, target);
        separator = ",";
    }
}

void append_labels(std::string& out, const label_set& labels)
{
    std::string_view separator;
    for (const auto& [name, value] : labels) {
        out += separator;
        append_json_string(out, name);
        out += ':';
        append_json_string(out, value);
        separator = ",";
    }
}

} // namespace

void append_json_string(std::string& out, std::string_view text)
{
    out += '"';
    while (!text.empty()) {
        const auto special =
            std::ranges::find_if(text, [](char c) { return !plain_bytes[static_cast<unsigned char>(c)]; });
        const auto plain = static_cast<std::size_t>(special - text.begin());
        out += text.substr(0, plain);
        text.remove_prefix(plain);
        if (!text.empty())
            text.remove_prefix(append_special(out, text));
    }
    out += '"';
}

void append_json(std::string& out, const target_group& group)
{
    out += R"({"targets":[)";
    append_targets(out, group.targets);
    out += R"(],"labels":{)";
    append_labels(out, group.labels);
    out += "}}";
}

std::string to_json(const std::vector<target_group>& groups)
{
    return to_json(ordered_groups(groups));
}

std::string to_json(const ordered_groups& groups)
{
    std::string document;
    json_pieces pieces(groups);
    for (auto piece = pieces.next(); !piece.empty(); piece = pieces.next())
        document += piece;
    return document;
}

std::string_view json_pieces::next()
{
    piece_.clear();
    if (finished_)
        return piece_;
    if (done_ == 0)
        piece_ += groups_->empty() ? "[" : "[\n";
    for (; done_ < groups_->size() && (piece_.size() < bytes_ || done_ == 0); ++done_) {
        append_json(piece_, (*groups_)[done_]);
        piece_ += done_ + 1 < groups_->size() ? ",\n" : "\n";
    }
    finished_ = done_ == groups_->size();
    if (finished_)
        piece_ += "]\n";
    return piece_;
}

} // namespace sd_writer
