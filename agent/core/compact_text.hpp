#pragma once

#include "agent/core/text_operators.hpp"

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace agent::core {

/// The ID of an object of the swarm: swarmkit's have 25 characters, which need no memory beside this. Any other text
/// will do, too.
class object_id : public text_operators<object_id> {
public:
    static constexpr std::size_t usual_size = 25;

    object_id() noexcept = default;
    object_id(std::string_view text);
    object_id(const std::string& text) : object_id(std::string_view(text)) {}
    object_id(const char* text) : object_id(std::string_view(text)) {}
    object_id(const object_id& other) : object_id(static_cast<std::string_view>(other)) {}
    object_id(object_id&& other) noexcept;
    object_id& operator=(const object_id& other);
    object_id& operator=(object_id&& other) noexcept;
    ~object_id() { release(); }

    operator std::string_view() const noexcept
    {
        return size_ == elsewhere ? std::string_view(*text_elsewhere()) : std::string_view(bytes_.data(), size_);
    }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

private:
    static constexpr std::uint8_t elsewhere = 255;

    [[nodiscard]] std::string* text_elsewhere() const noexcept;
    void release() noexcept;

    std::array<char, usual_size> bytes_{}; ///< or a pointer to the text, where it is longer
    std::uint8_t size_ = 0;
};

/// The ID of a container: 64 digits, lower-case hexadecimal, which take half as many bytes. Any other text will do,
/// too.
class container_id_text {
public:
    static constexpr std::size_t usual_size = 64;

    container_id_text() noexcept = default;
    container_id_text(std::string_view text);
    container_id_text(const std::string& text) : container_id_text(std::string_view(text)) {}
    container_id_text(const char* text) : container_id_text(std::string_view(text)) {}
    container_id_text(const container_id_text& other);
    container_id_text(container_id_text&& other) noexcept;
    container_id_text& operator=(const container_id_text& other);
    container_id_text& operator=(container_id_text&& other) noexcept;
    ~container_id_text() { release(); }

    [[nodiscard]] std::string str() const;
    [[nodiscard]] bool empty() const noexcept { return held_ == form::nothing; }

    friend bool operator==(const container_id_text& a, const container_id_text& b) noexcept;
    template <class Other>
        requires(std::convertible_to<const Other&, std::string_view>)
    friend bool operator==(const container_id_text& a, const Other& b)
    {
        return a.str() == std::string_view(b);
    }
    friend std::ostream& operator<<(std::ostream& out, const container_id_text& text) { return out << text.str(); }

private:
    enum class form : std::uint8_t { nothing, digits, elsewhere };

    [[nodiscard]] std::string* text_elsewhere() const noexcept;
    void release() noexcept;

    std::array<unsigned char, usual_size / 2> bytes_{}; ///< or a pointer to the text, where it is another
    form held_ = form::nothing;
};

} // namespace agent::core
