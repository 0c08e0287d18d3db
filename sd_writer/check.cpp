#include "sd_writer/check.hpp"

#include "sd_writer/json.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace sd_writer {
namespace {

/// Bytes that neither end a string nor mean anything special within it. Everything from 0x80 is among them:
/// Prometheus' decoder replaces bytes that are not UTF-8 instead of refusing them.
constexpr auto plain_bytes = [] {
    std::array<bool, 256> plain{};
    for (std::size_t byte = 0x20; byte < plain.size(); ++byte)
        plain[byte] = byte != '"' && byte != '\\';
    return plain;
}();

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool may_start_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_label_name(std::string_view name)
{
    return !name.empty() && may_start_name(name.front()) &&
           std::ranges::all_of(name, [](char c) { return may_start_name(c) || is_digit(c); });
}

/// Go's decoder compares keys without regard to case, folding as Unicode does: U+017F, the long s, is an `s` too.
bool is_key(std::string_view key, std::string_view wanted)
{
    constexpr std::string_view long_s = "\xC5\xBF";
    for (const char c : wanted) {
        const bool is_long_s = c == 's' && key.starts_with(long_s);
        if (!is_long_s && (key.empty() || (key.front() | 0x20) != c))
            return false;
        key.remove_prefix(is_long_s ? long_s.size() : 1);
    }
    return key.empty();
}

std::optional<unsigned> hex_value(char c)
{
    if (is_digit(c))
        return static_cast<unsigned>(c - '0');
    const char lower = static_cast<char>(c | 0x20);
    if (lower >= 'a' && lower <= 'f')
        return static_cast<unsigned>(lower - 'a') + 10;
    return std::nullopt;
}

/// The value of the four hexadecimal digits that `text` starts with.
std::optional<char32_t> four_hex_digits(std::string_view text)
{
    if (text.size() < 4)
        return std::nullopt;
    char32_t value = 0;
    for (const char c : text.substr(0, 4)) {
        const auto digit = hex_value(c);
        if (!digit)
            return std::nullopt;
        value = value << 4U | *digit;
    }
    return value;
}

bool is_high_surrogate(char32_t unit)
{
    return unit >= 0xD800 && unit <= 0xDBFF;
}

bool is_low_surrogate(char32_t unit)
{
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

void append_utf8(std::string& out, char32_t value)
{
    const auto trailing = [value](unsigned shift) { return static_cast<char>(0x80 | ((value >> shift) & 0x3F)); };
    if (value < 0x80) {
        out += static_cast<char>(value);
    } else if (value < 0x800) {
        out += static_cast<char>(0xC0 | (value >> 6));
        out += trailing(0);
    } else if (value < 0x10000) {
        out += static_cast<char>(0xE0 | (value >> 12));
        out += trailing(6);
        out += trailing(0);
    } else {
        out += static_cast<char>(0xF0 | (value >> 18));
        out += trailing(12);
        out += trailing(6);
        out += trailing(0);
    }
}

/// Takes what follows `\u` from the front of `rest`; a surrogate without its other half becomes U+FFFD.
char32_t take_unicode_escape(std::string_view& rest)
{
    constexpr char32_t replacement = 0xFFFD;
    const auto unit = four_hex_digits(rest).value_or(replacement);
    rest.remove_prefix(std::min<std::size_t>(rest.size(), 4));
    if (is_low_surrogate(unit))
        return replacement;
    if (!is_high_surrogate(unit))
        return unit;
    if (!rest.starts_with("\\u"))
        return replacement;
    const auto other = four_hex_digits(rest.substr(2)).value_or(replacement);
    if (!is_low_surrogate(other))
        return replacement;
    rest.remove_prefix(6);
    return 0x10000 + ((unit - 0xD800) << 10U) + (other - 0xDC00);
}

char unescaped(char c)
{
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return c; // `"`, `\` and `/` stand for themselves
    }
}

/// What a string's inside means, once its escapes are known to be well formed.
std::string unescaped(std::string_view rest)
{
    std::string text;
    while (!rest.empty()) {
        const auto plain = std::min(rest.find('\\'), rest.size());
        text += rest.substr(0, plain);
        rest.remove_prefix(plain);
        if (rest.size() < 2)
            break;
        const char kind = rest[1];
        rest.remove_prefix(2);
        if (kind == 'u')
            append_utf8(text, take_unicode_escape(rest));
        else
            text += unescaped(kind);
    }
    return text;
}

/// Outside text for an error of one line: escaped, and not too long.
std::string quoted(std::string_view text)
{
    constexpr std::size_t most = 64;
    std::string out;
    append_json_string(out, text.substr(0, most));
    if (text.size() > most)
        out.insert(out.size() - 1, "…");
    return out;
}

/// Reads a document from front to back and stops at the first thing wrong.
///
/// Every function takes one thing at the current place and answers whether it was there; if not, the error is
/// kept. Known keys hold only lists and objects of strings and any other key is an error, so there is nothing to
/// descend into, however deeply a hostile document is nested.
class document_reader {
public:
    explicit document_reader(std::string_view text) : text_(text) {}

    check_result document() { return finished(groups() && end()); }
    check_result single_group() { return finished(one_group() && end()); }

private:
    bool groups()
    {
        skip_blanks();
        if (is_null())
            return null();
        return open('[', "a document is a list of groups") && items(']', [this] { return group(); });
    }

    bool one_group()
    {
        skip_blanks();
        return group();
    }

    bool group()
    {
        if (is_null())
            return fail("a group must not be null");
        group_targets_ = 0;
        if (!open('{', "a group is an object") || !items('}', [this] { return group_member(); }))
            return false;
        result_.groups += 1;
        result_.targets += group_targets_;
        return true;
    }

    bool group_member()
    {
        const auto start = at_;
        const auto key = string("a group's key is a string");
        if (!key)
            return false;
        if (is_key(*key, "targets"))
            return colon() && targets();
        if (is_key(*key, "labels"))
            return colon() && labels();
        return fail_at(start, "unknown key " + quoted(*key) + ": a group has \"targets\" and \"labels\"");
    }

    bool targets()
    {
        group_targets_ = 0; // a key given twice: the last one counts
        if (is_null())
            return null();
        return open('[', "targets are a list of strings") && items(']', [this] { return target(); });
    }

    bool target()
    {
        const auto start = at_;
        const auto address = string("a target is a string");
        if (!address)
            return false;
        if (address->empty())
            return fail_at(start, "a target without an address");
        if (address->find('/') != std::string_view::npos)
            return fail_at(start, "target " + quoted(*address) + " is more than host and port");
        ++group_targets_;
        return true;
    }

    bool labels()
    {
        if (is_null())
            return null();
        return open('{', "labels are an object of strings") && items('}', [this] { return label(); });
    }

    bool label()
    {
        const auto start = at_;
        const auto name = string("a label name is a string");
        if (!name)
            return false;
        if (!is_label_name(*name))
            return fail_at(start, "bad label name " + quoted(*name));
        if (!colon())
            return false;
        return is_null() ? null() : string("a label value is a string").has_value();
    }

    /// The rest of a list or object after its opening bracket.
    template <class Item>
    bool items(char close, Item item)
    {
        skip_blanks();
        if (take(close))
            return true;
        while (item()) {
            skip_blanks();
            if (take(close))
                return true;
            if (!take(','))
                return fail(std::string("expected ',' or '") + close + '\'');
            skip_blanks();
        }
        return false;
    }

    bool open(char bracket, std::string_view what_it_is) { return take(bracket) || fail(std::string(what_it_is)); }

    bool colon()
    {
        skip_blanks();
        if (!take(':'))
            return fail("expected ':'");
        skip_blanks();
        return true;
    }

    [[nodiscard]] bool is_null() const { return peek() == 'n'; }

    bool null()
    {
        for (const char c : std::string_view("null")) {
            if (!take(c))
                return fail("expected null");
        }
        return true;
    }

    /// A string's meaning; valid until the next call.
    std::optional<std::string_view> string(std::string_view what_it_is)
    {
        if (!open('"', what_it_is))
            return std::nullopt;
        const auto start = at_;
        bool has_escape = false;
        for (skip_plain(); !take('"'); skip_plain()) {
            if (!escape())
                return std::nullopt;
            has_escape = true;
        }
        const auto inside = text_.substr(start, at_ - 1 - start);
        if (!has_escape)
            return inside;
        scratch_ = unescaped(inside);
        return scratch_;
    }

    bool escape()
    {
        if (!take('\\'))
            return fail("a control character inside a string must be escaped");
        if (take('u'))
            return four_hex_digits(text_.substr(at_)) ? skip(4) : fail("\\u needs four hexadecimal digits");
        constexpr std::string_view kinds = "\"\\/bfnrt";
        return at_ < text_.size() && kinds.find(text_[at_]) != std::string_view::npos ? skip(1) : fail("bad escape");
    }

    bool end()
    {
        skip_blanks();
        return at_ == text_.size() || fail("something follows the end of the document");
    }

    void skip_plain()
    {
        while (at_ < text_.size() && plain_bytes[static_cast<unsigned char>(text_[at_])])
            ++at_;
    }

    void skip_blanks()
    {
        while (at_ < text_.size() &&
               (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r'))
            ++at_;
    }

    bool skip(std::size_t bytes)
    {
        at_ += bytes;
        return true;
    }

    /// The next byte; a NUL at the end, which is as wrong there as anywhere outside a string.
    [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

    bool take(char wanted)
    {
        if (at_ == text_.size() || text_[at_] != wanted)
            return false;
        ++at_;
        return true;
    }

    bool fail(std::string reason)
    {
        return fail_at(at_, at_ == text_.size() ? "the document ends too early" : std::move(reason));
    }

    bool fail_at(std::size_t offset, std::string reason)
    {
        const auto before = text_.substr(0, offset);
        const auto line_start = before.rfind('\n') + 1; // npos + 1 is 0
        result_.error = check_error{.line = static_cast<std::size_t>(std::ranges::count(before, '\n')) + 1,
                                    .column = offset - line_start + 1,
                                    .reason = std::move(reason)};
        return false;
    }

    check_result finished(bool is_good) { return is_good ? result_ : check_result{.error = std::move(result_.error)}; }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t group_targets_ = 0;
    std::string scratch_; ///< the last string with escapes
    check_result result_;
};

} // namespace

check_result check(std::string_view document)
{
    return document_reader(document).document();
}

check_result check_group(std::string_view group)
{
    return document_reader(group).single_group();
}

} // namespace sd_writer
