#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace agent::core {

/// Docker labels, sorted bytewise by key, no key twice.
using label_map = std::vector<std::pair<std::string, std::string>>;

/// Labels that do not change, and that many objects have in common, as the tasks of a service have those of its
/// containers: each holds a pointer. They are shared by copying; `shared_parts` finds the ones to copy.
///
/// The owners are counted without locks: all of them belong to one thread.
class shared_labels {
public:
    using value_type = label_map::value_type;
    using const_iterator = label_map::const_iterator;
    using iterator = const_iterator;

    shared_labels() noexcept = default;
    shared_labels(label_map labels) : held_(labels.empty() ? nullptr : new shared{1, std::move(labels)}) {}
    shared_labels(std::initializer_list<value_type> labels) : shared_labels(label_map(labels)) {}

    shared_labels(const shared_labels& other) noexcept : held_(other.held_)
    {
        if (held_)
            ++held_->owners;
    }
    shared_labels(shared_labels&& other) noexcept : held_(std::exchange(other.held_, nullptr)) {}
    shared_labels& operator=(shared_labels other) noexcept
    {
        std::swap(held_, other.held_);
        return *this;
    }
    ~shared_labels()
    {
        if (held_ && --held_->owners == 0)
            delete held_;
    }

    operator const label_map&() const noexcept { return get(); }
    [[nodiscard]] const label_map& get() const noexcept
    {
        static const label_map none;
        return held_ ? held_->labels : none;
    }
    [[nodiscard]] const_iterator begin() const noexcept { return get().begin(); }
    [[nodiscard]] const_iterator end() const noexcept { return get().end(); }
    [[nodiscard]] std::size_t size() const noexcept { return get().size(); }
    [[nodiscard]] bool empty() const noexcept { return !held_; }

    /// Whether both are the very same, which says more than that they are equal.
    [[nodiscard]] bool is_same_as(const shared_labels& other) const noexcept { return held_ == other.held_; }
    /// How many copies there are, this one included; 0 for no labels.
    [[nodiscard]] std::size_t owners() const noexcept { return held_ ? held_->owners : 0; }

    friend bool operator==(const shared_labels& a, const shared_labels& b)
    {
        return a.is_same_as(b) || a.get() == b.get();
    }

private:
    struct shared {
        std::size_t owners;
        label_map labels;
    };

    shared* held_ = nullptr;
};

} // namespace agent::core
