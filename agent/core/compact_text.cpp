#include "agent/core/compact_text.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace agent::core {
namespace {

constexpr std::string_view digits = "0123456789abcdef";
constexpr std::uint8_t no_digit = 0x80;

/// The value of each lower-case hexadecimal digit: digits come in no order that a processor could guess.
constexpr auto digit_values = [] {
    std::array<std::uint8_t, 256> values{};
    values.fill(no_digit);
    for (std::size_t value = 0; value < digits.size(); ++value)
        values[static_cast<unsigned char>(digits[value])] = static_cast<std::uint8_t>(value);
    return values;
}();

constexpr std::uint8_t digit_value(char c) noexcept
{
    return digit_values[static_cast<unsigned char>(c)];
}

template <class Bytes>
void store_pointer(Bytes& bytes, std::string* text) noexcept
{
    std::memcpy(bytes.data(), &text, sizeof text);
}

template <class Bytes>
std::string* stored_pointer(const Bytes& bytes) noexcept
{
    std::string* text = nullptr;
    std::memcpy(&text, bytes.data(), sizeof text);
    return text;
}

} // namespace

// --- object_id ---

object_id::object_id(std::string_view text)
{
    if (text.size() > usual_size) {
        store_pointer(bytes_, new std::string(text));
        size_ = elsewhere;
        return;
    }
    std::copy(text.begin(), text.end(), bytes_.begin());
    size_ = static_cast<std::uint8_t>(text.size());
}

object_id::object_id(object_id&& other) noexcept
    : bytes_(other.bytes_), size_(std::exchange(other.size_, std::uint8_t{0}))
{
}

object_id& object_id::operator=(const object_id& other)
{
    return *this = object_id(other);
}

object_id& object_id::operator=(object_id&& other) noexcept
{
    std::swap(bytes_, other.bytes_);
    std::swap(size_, other.size_);
    return *this;
}

std::string* object_id::text_elsewhere() const noexcept
{
    return stored_pointer(bytes_);
}

void object_id::release() noexcept
{
    if (size_ == elsewhere)
        delete text_elsewhere();
}

// --- container_id_text ---

container_id_text::container_id_text(std::string_view text)
{
    if (text.empty())
        return;
    if (text.size() == usual_size) {
        unsigned all = 0;
        for (std::size_t at = 0; at < bytes_.size(); ++at) {
            const unsigned high = digit_value(text[2 * at]);
            const unsigned low = digit_value(text[2 * at + 1]);
            all |= high | low;
            bytes_[at] = static_cast<unsigned char>((high << 4U) | low);
        }
        if ((all & no_digit) == 0) {
            held_ = form::digits;
            return;
        }
    }
    store_pointer(bytes_, new std::string(text));
    held_ = form::elsewhere;
}

container_id_text::container_id_text(const container_id_text& other) : bytes_(other.bytes_), held_(other.held_)
{
    if (held_ == form::elsewhere)
        store_pointer(bytes_, new std::string(*other.text_elsewhere()));
}

container_id_text::container_id_text(container_id_text&& other) noexcept
    : bytes_(other.bytes_), held_(std::exchange(other.held_, form::nothing))
{
}

container_id_text& container_id_text::operator=(const container_id_text& other)
{
    return *this = container_id_text(other);
}

container_id_text& container_id_text::operator=(container_id_text&& other) noexcept
{
    std::swap(bytes_, other.bytes_);
    std::swap(held_, other.held_);
    return *this;
}

std::string container_id_text::str() const
{
    if (held_ == form::elsewhere)
        return *text_elsewhere();
    std::string text;
    if (held_ == form::nothing)
        return text;
    text.reserve(usual_size);
    for (const unsigned byte : bytes_) {
        text += digits[byte / 16];
        text += digits[byte % 16];
    }
    return text;
}

bool operator==(const container_id_text& a, const container_id_text& b) noexcept
{
    if (a.held_ != b.held_)
        return false;
    if (a.held_ == container_id_text::form::elsewhere)
        return *a.text_elsewhere() == *b.text_elsewhere();
    return a.held_ == container_id_text::form::nothing || a.bytes_ == b.bytes_;
}

std::string* container_id_text::text_elsewhere() const noexcept
{
    return stored_pointer(bytes_);
}

void container_id_text::release() noexcept
{
    if (held_ == form::elsewhere)
        delete text_elsewhere();
}

} // namespace agent::core
