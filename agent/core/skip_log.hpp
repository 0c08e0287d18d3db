#pragma once

#include "agent/core/skip_counts.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace agent::core {

/// A label without effect.
struct label_fault {
    bad_label reason = bad_label::boolean;
    std::string label; ///< its key
    std::string value;

    friend bool operator==(const label_fault&, const label_fault&) = default;
};

/// Counts labels without effect, and notes which they are where somebody wants to know.
class skip_log {
public:
    /// Both must outlive the log.
    skip_log(skip_counts& counts, std::vector<label_fault>* faults = nullptr) : counts_(&counts), faults_(faults) {}

    void add(bad_label reason, std::string_view label, std::string_view value)
    {
        counts_->add(reason);
        if (faults_)
            faults_->push_back({reason, std::string(label), std::string(value)});
    }

private:
    skip_counts* counts_;
    std::vector<label_fault>* faults_;
};

} // namespace agent::core
