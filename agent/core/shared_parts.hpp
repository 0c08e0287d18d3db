#pragma once

#include "agent/core/model.hpp"
#include "agent/core/shared_labels.hpp"
#include "agent/core/shared_text.hpp"

#include <cstddef>
#include <string_view>
#include <unordered_set>

namespace agent::core {

/// Makes tasks hold what they have in common only once: the IDs of services, nodes and networks, and the labels.
class shared_parts {
public:
    /// The text that equal ones share from now on.
    [[nodiscard]] shared_text share(std::string_view text);

    /// Makes a task's parts those that equal ones share.
    void share(task& value);

    /// Forgets parts that nothing has any more.
    void sweep();

    [[nodiscard]] std::size_t size() const noexcept { return texts_.size() + labels_.size(); }

private:
    struct labels_hash {
        std::size_t operator()(const shared_labels& labels) const noexcept;
    };

    void replace(shared_text& text);
    void replace(shared_labels& labels);

    std::unordered_set<shared_text, text_hash, text_equal> texts_;
    std::unordered_set<shared_labels, labels_hash> labels_;
};

} // namespace agent::core
