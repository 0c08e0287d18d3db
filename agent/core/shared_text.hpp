#pragma once

#include "agent/core/text_operators.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace agent::core {

/// A text that many objects have in common, as the tasks of a service have its ID: each holds a pointer. Texts are
/// shared by copying; `shared_parts` finds the one to copy.
///
/// The owners are counted without locks: all of them belong to one thread.
class shared_text : public text_operators<shared_text> {
public:
    shared_text() noexcept = default;
    shared_text(std::string_view text);
    shared_text(const std::string& text) : shared_text(std::string_view(text)) {}
    shared_text(const char* text) : shared_text(std::string_view(text)) {}

    shared_text(const shared_text& other) noexcept : at_(other.at_)
    {
        if (at_)
            ++at_->owners;
    }
    shared_text(shared_text&& other) noexcept : at_(std::exchange(other.at_, nullptr)) {}
    shared_text& operator=(shared_text other) noexcept
    {
        std::swap(at_, other.at_);
        return *this;
    }
    ~shared_text() { release(); }

    operator std::string_view() const noexcept
    {
        return at_ ? std::string_view(reinterpret_cast<const char*>(at_ + 1), at_->size) : std::string_view{};
    }
    [[nodiscard]] bool empty() const noexcept { return at_ == nullptr; }
    void clear() noexcept { *this = shared_text{}; }

    /// How many copies there are, this one included; 0 for the empty one.
    [[nodiscard]] std::size_t owners() const noexcept { return at_ ? at_->owners : 0; }
    /// Whether both are the very same, which says more than that they are equal.
    [[nodiscard]] bool is_same_as(const shared_text& other) const noexcept { return at_ == other.at_; }

private:
    /// In front of the text itself.
    struct header {
        std::uint32_t owners;
        std::uint32_t size;
    };

    void release() noexcept;

    header* at_ = nullptr;
};

/// For hashed sets of any kind of text that are asked with another kind.
struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};
struct text_equal {
    using is_transparent = void;
    bool operator()(std::string_view a, std::string_view b) const noexcept { return a == b; }
};

} // namespace agent::core
