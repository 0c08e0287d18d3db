#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

namespace agent::core {

/// A list that is hardly ever there: an empty one is one pointer.
template <class T>
class rare_list {
public:
    using value_type = T;
    using iterator = T*;
    using const_iterator = const T*;

    rare_list() noexcept = default;
    rare_list(std::initializer_list<T> values) : rare_list(std::vector<T>(values)) {}
    rare_list(std::vector<T> values)
    {
        if (!values.empty())
            values_ = std::make_unique<std::vector<T>>(std::move(values));
    }
    rare_list(const rare_list& other) : rare_list(other.values_ ? *other.values_ : std::vector<T>{}) {}
    rare_list(rare_list&&) noexcept = default;
    rare_list& operator=(const rare_list& other) { return *this = rare_list(other); }
    rare_list& operator=(rare_list&&) noexcept = default;
    ~rare_list() = default;

    [[nodiscard]] iterator begin() noexcept { return values_ ? values_->data() : nullptr; }
    [[nodiscard]] iterator end() noexcept { return begin() + size(); }
    [[nodiscard]] const_iterator begin() const noexcept { return values_ ? values_->data() : nullptr; }
    [[nodiscard]] const_iterator end() const noexcept { return begin() + size(); }
    [[nodiscard]] std::size_t size() const noexcept { return values_ ? values_->size() : 0; }
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }
    [[nodiscard]] T& operator[](std::size_t at) { return (*values_)[at]; }
    [[nodiscard]] const T& operator[](std::size_t at) const { return (*values_)[at]; }

    void clear() noexcept { values_.reset(); }
    T& push_back(T value)
    {
        if (!values_)
            values_ = std::make_unique<std::vector<T>>();
        return values_->emplace_back(std::move(value));
    }

    friend bool operator==(const rare_list& a, const rare_list& b)
    {
        return std::equal(a.begin(), a.end(), b.begin(), b.end());
    }

private:
    std::unique_ptr<std::vector<T>> values_; ///< not empty
};

/// A list that mostly has no more than `Few` elements, which then need no memory beside it.
template <class T, std::size_t Few>
class short_list {
public:
    using value_type = T;
    using iterator = T*;
    using const_iterator = const T*;

    short_list() noexcept = default;
    short_list(std::initializer_list<T> values)
    {
        for (const auto& value : values)
            push_back(value);
    }
    short_list(std::vector<T> values)
    {
        for (auto& value : values)
            push_back(std::move(value));
    }

    [[nodiscard]] iterator begin() noexcept { return more_.empty() ? few_.data() : more_.begin(); }
    [[nodiscard]] iterator end() noexcept { return begin() + size(); }
    [[nodiscard]] const_iterator begin() const noexcept { return more_.empty() ? few_.data() : more_.begin(); }
    [[nodiscard]] const_iterator end() const noexcept { return begin() + size(); }
    [[nodiscard]] std::size_t size() const noexcept { return more_.empty() ? count_ : more_.size(); }
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }
    [[nodiscard]] T& operator[](std::size_t at) { return begin()[at]; }
    [[nodiscard]] const T& operator[](std::size_t at) const { return begin()[at]; }
    [[nodiscard]] T& back() { return begin()[size() - 1]; }

    void clear() { *this = short_list{}; }
    T& push_back(T value)
    {
        if (more_.empty() && count_ < Few)
            return few_[count_++] = std::move(value);
        if (more_.empty())
            for (auto& moved : std::exchange(few_, {}))
                more_.push_back(std::move(moved));
        return more_.push_back(std::move(value));
    }
    T& emplace_back() { return push_back({}); }

    friend bool operator==(const short_list& a, const short_list& b)
    {
        return std::equal(a.begin(), a.end(), b.begin(), b.end());
    }

private:
    std::array<T, Few> few_{};
    rare_list<T> more_; ///< all of them, once they are too many
    std::uint8_t count_ = 0;
};

} // namespace agent::core
