#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agent::core {

/// The addresses that a task has on one network, as the engine wrote them: mostly one IPv4 address with its prefix
/// length, `10.0.1.3/24`, which needs no memory beside this. Any other texts will do, too.
class address_list {
public:
    address_list() noexcept = default;
    address_list(std::initializer_list<std::string_view> texts);
    address_list(const std::vector<std::string>& texts);
    address_list(const address_list& other);
    address_list(address_list&& other) noexcept;
    address_list& operator=(const address_list& other);
    address_list& operator=(address_list&& other) noexcept;
    ~address_list();

    [[nodiscard]] bool empty() const noexcept { return bits_ == 0; }
    [[nodiscard]] std::size_t size() const noexcept;
    [[nodiscard]] std::string operator[](std::size_t at) const;
    void push_back(std::string_view text);

    /// The address in host order, where there is nothing but one IPv4 address.
    [[nodiscard]] std::optional<std::uint32_t> only_ipv4() const noexcept;

    /// Makes the texts as it goes.
    class const_iterator {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = std::string;
        using difference_type = std::ptrdiff_t;
        using pointer = const std::string*;
        using reference = std::string;

        const_iterator() = default;
        const_iterator(const address_list& of, std::size_t at) : of_(&of), at_(at) {}
        [[nodiscard]] std::string operator*() const { return (*of_)[at_]; }
        const_iterator& operator++()
        {
            ++at_;
            return *this;
        }
        const_iterator operator++(int) { return {*of_, at_++}; }
        friend bool operator==(const const_iterator& a, const const_iterator& b) { return a.at_ == b.at_; }

    private:
        const address_list* of_ = nullptr;
        std::size_t at_ = 0;
    };
    using iterator = const_iterator;
    using value_type = std::string;

    [[nodiscard]] const_iterator begin() const { return {*this, 0}; }
    [[nodiscard]] const_iterator end() const { return {*this, size()}; }

    friend bool operator==(const address_list& a, const address_list& b);

private:
    using texts = std::vector<std::string>;

    [[nodiscard]] bool is_ipv4() const noexcept { return (bits_ & 1U) != 0; }
    [[nodiscard]] texts* list() const noexcept;
    void hold(texts* list) noexcept;

    /// 0; or, with the lowest bit set, an IPv4 address and its prefix length; or a pointer to a list that is not empty.
    std::uint64_t bits_ = 0;
};

/// `10.0.1.3`
[[nodiscard]] std::string ipv4_text(std::uint32_t address);

} // namespace agent::core
