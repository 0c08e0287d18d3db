#include "instrumented_service/accounts/json_reader.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/error.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_stack.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <set>
#include <utility>
#include <vector>

namespace accounts {
namespace {

namespace json = boost::json;
using json::error_code;
using json::string_view;

/// Puts the value together, as `json::parser` does, and looks for keys that come twice.
class builder { // the names of its members are the parser's
public:
    static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();

    json::value release() { return stack_.release(); }
    [[nodiscard]] const std::string& double_key() const { return double_key_; }

    bool on_document_begin(error_code&)
    {
        stack_.reset();
        return true;
    }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code&)
    {
        keys_.emplace_back();
        return true;
    }
    bool on_object_end(std::size_t size, error_code&)
    {
        keys_.pop_back();
        stack_.push_object(size);
        return true;
    }
    bool on_array_begin(error_code&) { return true; }
    bool on_array_end(std::size_t size, error_code&)
    {
        stack_.push_array(size);
        return true;
    }
    bool on_key_part(string_view piece, std::size_t, error_code&)
    {
        key_.append(piece.data(), piece.size());
        stack_.push_chars(piece);
        return true;
    }
    bool on_key(string_view piece, std::size_t, error_code& error)
    {
        key_.append(piece.data(), piece.size());
        stack_.push_key(piece);
        const auto [whole, is_new] = keys_.back().insert(std::exchange(key_, {}));
        if (is_new)
            return true;
        double_key_ = json::serialize(string_view(*whole));
        error = json::make_error_code(json::error::syntax);
        return false;
    }
    bool on_string_part(string_view piece, std::size_t, error_code&)
    {
        stack_.push_chars(piece);
        return true;
    }
    bool on_string(string_view piece, std::size_t, error_code&)
    {
        stack_.push_string(piece);
        return true;
    }
    bool on_number_part(string_view, error_code&) { return true; }
    bool on_int64(std::int64_t number, string_view, error_code&)
    {
        stack_.push_int64(number);
        return true;
    }
    bool on_uint64(std::uint64_t number, string_view, error_code&)
    {
        stack_.push_uint64(number);
        return true;
    }
    bool on_double(double number, string_view, error_code&)
    {
        stack_.push_double(number);
        return true;
    }
    bool on_bool(bool truth, error_code&)
    {
        stack_.push_bool(truth);
        return true;
    }
    bool on_null(error_code&)
    {
        stack_.push_null();
        return true;
    }
    bool on_comment_part(string_view, error_code&) { return true; }
    bool on_comment(string_view, error_code&) { return true; }

private:
    json::value_stack stack_;
    std::vector<std::set<std::string>> keys_; ///< of the objects that are open
    std::string key_;                         ///< the pieces of one so far
    std::string double_key_;                  ///< as JSON
};

/// `line 1, column 9`, counted in characters.
std::string place(std::string_view before)
{
    const auto line = std::ranges::count(before, '\n') + 1;
    const auto last = before.substr(before.rfind('\n') + 1);
    const auto starts_character = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; };
    const auto column = std::ranges::count_if(last, starts_character) + 1;
    return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

} // namespace

std::variant<json::value, json_fault> read_json(std::string_view text)
{
    json::parse_options strict;
    strict.max_depth = deepest_json;
    json::basic_parser<builder> parser(strict);
    error_code error;
    const auto read = parser.write_some(false, text.data(), text.size(), error);
    if (!error && read < text.size())
        error = json::make_error_code(json::error::extra_data);
    if (!error)
        return parser.handler().release();

    const auto& twice = parser.handler().double_key();
    const auto what = twice.empty() ? error.message() : "key " + twice + " is there twice";
    return json_fault{place(text.substr(0, read)) + ": " + what};
}

} // namespace accounts
