#include "agent/core/address_list.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace agent::core {
namespace {

constexpr unsigned prefix_shift = 8;
constexpr unsigned address_shift = 16;

/// A number up to `most` without leading zeros, and takes it off the text.
std::optional<std::uint32_t> take_number(std::string_view& text, std::uint32_t most)
{
    std::uint32_t value = 0;
    std::size_t size = 0;
    for (; size < text.size() && size < 3 && text[size] >= '0' && text[size] <= '9'; ++size)
        value = value * 10 + static_cast<std::uint32_t>(text[size] - '0');
    if (size == 0 || value > most || (size > 1 && text.front() == '0'))
        return std::nullopt;
    text.remove_prefix(size);
    return value;
}

/// The bits for exactly the texts that are written like this again.
std::optional<std::uint64_t> as_ipv4(std::string_view text)
{
    std::uint64_t address = 0;
    for (const char behind : {'.', '.', '.', '/'}) {
        const auto byte = take_number(text, 255);
        if (!byte || !text.starts_with(behind))
            return std::nullopt;
        text.remove_prefix(1);
        address = address << 8U | *byte;
    }
    const auto prefix = take_number(text, 32);
    if (!prefix || !text.empty())
        return std::nullopt;
    return address << address_shift | std::uint64_t{*prefix} << prefix_shift | 1U;
}

char* append_number(char* at, std::uint32_t value)
{
    return std::to_chars(at, at + 3, value).ptr;
}

char* append_ipv4(char* at, std::uint32_t address)
{
    for (const unsigned shift : {24U, 16U, 8U, 0U}) {
        at = append_number(at, (address >> shift) & 0xFFU);
        if (shift > 0)
            *at++ = '.';
    }
    return at;
}

} // namespace

address_list::address_list(std::initializer_list<std::string_view> values)
{
    for (const auto value : values)
        push_back(value);
}

address_list::address_list(const std::vector<std::string>& values)
{
    for (const auto& value : values)
        push_back(value);
}

address_list::address_list(const address_list& other) : bits_(other.bits_)
{
    if (const auto* others = other.list())
        hold(new texts(*others));
}

address_list::address_list(address_list&& other) noexcept : bits_(std::exchange(other.bits_, 0)) {}

address_list& address_list::operator=(const address_list& other)
{
    return *this = address_list(other);
}

address_list& address_list::operator=(address_list&& other) noexcept
{
    std::swap(bits_, other.bits_);
    return *this;
}

address_list::~address_list()
{
    delete list();
}

std::size_t address_list::size() const noexcept
{
    const auto* several = list();
    return several ? several->size() : std::size_t{is_ipv4()};
}

std::string address_list::operator[](std::size_t at) const
{
    if (const auto* several = list())
        return several->at(at);
    std::array<char, 20> text{};
    auto* end = append_ipv4(text.data(), static_cast<std::uint32_t>(bits_ >> address_shift));
    *end++ = '/';
    end = append_number(end, static_cast<std::uint32_t>(bits_ >> prefix_shift & 0xFFU));
    return {text.data(), end};
}

void address_list::push_back(std::string_view text)
{
    if (const auto ipv4 = empty() ? as_ipv4(text) : std::nullopt) {
        bits_ = *ipv4;
        return;
    }
    if (!list()) {
        auto several = is_ipv4() ? texts{(*this)[0]} : texts{};
        hold(new texts(std::move(several)));
    }
    list()->emplace_back(text);
}

std::optional<std::uint32_t> address_list::only_ipv4() const noexcept
{
    return is_ipv4() ? std::optional(static_cast<std::uint32_t>(bits_ >> address_shift)) : std::nullopt;
}

bool operator==(const address_list& a, const address_list& b)
{
    const auto* left = a.list();
    const auto* right = b.list();
    return left && right ? *left == *right : a.bits_ == b.bits_;
}

address_list::texts* address_list::list() const noexcept
{
    return is_ipv4() ? nullptr : reinterpret_cast<texts*>(bits_);
}

void address_list::hold(texts* list) noexcept
{
    bits_ = reinterpret_cast<std::uint64_t>(list);
}

std::string ipv4_text(std::uint32_t address)
{
    std::array<char, 16> text{};
    return {text.data(), append_ipv4(text.data(), address)};
}

} // namespace agent::core
