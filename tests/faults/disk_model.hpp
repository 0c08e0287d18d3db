#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace faults {

/// What a replacement of one file asks of the kernel, as far as it concerns what a power loss leaves.
struct disk_operation {
    enum class kind { create, write, set_mode, sync_file, rename, sync_directory };

    kind what;
    std::size_t bytes = 0; ///< written
    std::string text;      ///< the line of the trace
};

/// Reads a trace of `strace -y`.
/// @param output  the file that was replaced, by another one whose name ends in `.tmp`
[[nodiscard]] std::vector<disk_operation> disk_operations(const std::string& trace,
                                                          const std::filesystem::path& output);

/// A disk that keeps nothing for sure but what was synced: of the new file any part of what was written since, and of
/// the directory the old or the new name. Whatever POSIX does not promise may be lost.
class disk_model {
public:
    void apply(const disk_operation& operation);

    /// Whether the name may lead to something that is neither the old file nor the whole new one, if the power is lost
    /// now.
    [[nodiscard]] bool may_be_torn() const { return is_renamed_ && !is_synced_; }
    /// Whether the name can only lead to the new file.
    [[nodiscard]] bool is_new_for_sure() const { return is_renamed_ && is_synced_ && is_name_synced_; }
    [[nodiscard]] std::size_t new_bytes() const { return bytes_; }

private:
    std::size_t bytes_ = 0;
    bool has_mode_ = false;
    bool is_synced_ = false; ///< contents and mode
    bool is_renamed_ = false;
    bool is_name_synced_ = false;
};

} // namespace faults
