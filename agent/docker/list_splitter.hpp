#pragma once

#include "agent/docker/json_masks.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace agent::docker {

/// What is wrong with a list, and where.
struct list_defect {
    enum class kind {
        malformed, ///< no list of objects
        too_large, ///< an element, which begins there
    };
    kind what = kind::malformed;
    std::uint64_t offset = 0; ///< in bytes from the beginning of the list

    friend bool operator==(const list_defect&, const list_defect&) = default;
};

/// Cuts a JSON list of objects, in whatever pieces it arrives, into its elements. Keeps no more than the element that
/// is not yet complete.
///
/// It looks at brackets, strings and what stands between elements. Whether an element is JSON is for its parser to say:
/// what comes out of here begins with `{` and ends with the bracket that closes it, of whatever kind.
class list_splitter {
public:
    /// What parsers may read behind an element, whatever it is.
    static constexpr std::size_t padding_bytes = 64;

    explicit list_splitter(std::size_t most_element_bytes, json_scan how = fastest_json_scan())
        : how_(how), most_element_bytes_(most_element_bytes)
    {
    }

    /// Takes the next bytes, which must stay where they are until `next` has found no more in them.
    void push(std::string_view bytes);

    /// The next element, with `padding_bytes` readable bytes behind it, valid until the next call. Nothing when more
    /// bytes are needed, the list has ended, or there is a defect.
    [[nodiscard]] std::optional<std::string_view> next();

    /// What stands behind it is not looked at.
    [[nodiscard]] const std::optional<list_defect>& defect() const noexcept { return defect_; }

    /// Whether the list has ended, and nothing but blanks came behind it.
    [[nodiscard]] bool is_complete() const noexcept { return place_ == place::behind_list && !defect_; }

    /// Bytes taken so far.
    [[nodiscard]] std::uint64_t taken() const noexcept { return before_ + at_; }

private:
    enum class place : std::uint8_t {
        before_list,
        before_first,
        in_element,
        behind_element,
        behind_comma,
        behind_list
    };

    [[nodiscard]] bool find_begin();
    [[nodiscard]] bool take_between(char letter);
    [[nodiscard]] bool find_end();
    [[nodiscard]] bool find_end_in(const json_masks& block, std::size_t block_begin);
    void scan_more();
    [[nodiscard]] std::string_view whole_element();
    void keep_rest();
    [[nodiscard]] std::uint64_t element_bytes() const noexcept { return partial_.size() + (at_ - begin_); }
    void refuse(list_defect::kind what, std::uint64_t offset);

    static constexpr std::size_t blocks_at_once = 32;

    json_scan how_;
    std::size_t most_element_bytes_;
    place place_ = place::before_list;
    std::optional<list_defect> defect_;

    std::string_view bytes_;   ///< pushed last
    std::uint64_t before_ = 0; ///< bytes that were pushed before them
    std::size_t at_ = 0;       ///< the next one of `bytes_`
    std::size_t begin_ = 0;    ///< of the element in `bytes_`; 0 if it began before
    std::size_t depth_ = 0;    ///< of brackets within the element
    std::string partial_;      ///< of the element, what was pushed before; or one that had to be moved
    bool is_partial_handed_out_ = false;

    std::array<json_masks, blocks_at_once> masks_{};
    std::size_t scanned_begin_ = 0; ///< what the masks are of, in `bytes_`
    std::size_t scanned_end_ = 0;
    json_string_state state_; ///< behind what was scanned
};

} // namespace agent::docker
