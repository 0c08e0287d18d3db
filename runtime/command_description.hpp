#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace runtime {

/// A flag, as its help tells of it.
struct described_flag {
    std::vector<std::string> names; ///< with their dashes; the long one first
    std::string value;              ///< `DURATION`, or the words there are: `all|labelled`; empty: it takes none
    std::string standard;           ///< its value when it is not given; empty: none
    std::string help;
    bool is_list = false; ///< may be given several times, which adds up

    /// The words that its value can be. What is written in capitals stands for something else.
    [[nodiscard]] std::vector<std::string> words() const;
    /// Whether its value is, or can be, a path.
    [[nodiscard]] bool takes_path() const;
};

struct described_command {
    std::string name;
    std::string argument; ///< `FILE`; empty: it takes none
    std::string help;
};

/// A program's command line, for its manual page and the shells' completions.
struct described_program {
    std::string name;
    std::string help;
    std::vector<described_flag> flags;
    std::vector<described_command> commands;
};

[[nodiscard]] described_program describe(const CLI::App& app);

} // namespace runtime
