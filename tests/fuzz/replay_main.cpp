#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

// Runs a fuzz target without a fuzzer, the same way each time: on each file of a corpus, on what is left of it when it
// is cut anywhere, and on damaged versions of it.
//
//   <target>_replay DIRECTORY     its files
//   <target>_replay FILE          that one alone, as a finding is looked into

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using namespace std::string_view_literals;

constexpr std::size_t most_cuts = 256;
constexpr unsigned mutations = 300;
constexpr std::size_t longest_mutated = 4096;

std::string current; ///< input, for whoever looks into a finding
std::string current_name;

/// Says which input it was, and keeps it. Not what a signal handler should do, but the program ends here anyway.
void on_abort(int)
{
    std::fprintf(stderr, "found by: %s, kept as ./finding\n", current_name.c_str());
    std::ofstream("finding", std::ios::binary) << current;
}

void run(const std::string& name, std::string_view input)
{
    current_name = name;
    current = input;
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(current.data()), current.size());
}

std::string contents_of(const std::filesystem::path& path)
{
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// Its first bytes one after the other, then as many cuts as are left, evenly.
void run_prefixes(const std::string& name, std::string_view input)
{
    const auto one_by_one = std::min(input.size(), most_cuts / 2);
    for (std::size_t length = 0; length < one_by_one; ++length)
        run(name + " cut at " + std::to_string(length), input.substr(0, length));
    const auto step = (input.size() - one_by_one) / (most_cuts / 2) + 1;
    for (auto length = one_by_one; length < input.size(); length += step)
        run(name + " cut at " + std::to_string(length), input.substr(0, length));
}

class mutator {
public:
    explicit mutator(std::string_view original) : original_(original.substr(0, longest_mutated)) {}

    std::string operator()()
    {
        auto text = original_;
        for (auto left = 1 + below(4); left > 0; --left)
            damage(text);
        return text;
    }

private:
    std::size_t below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }

    char letter()
    {
        constexpr auto special = "\"\\{}[]:,\r\n\t \x1e\0\x7f\x80\xc3\xed\xff/%=.+0u"sv;
        return below(2) == 0 ? static_cast<char>(below(256)) : special[below(special.size())];
    }

    void damage(std::string& text)
    {
        const auto at = below(text.size() + 1);
        const auto length = std::min(text.size() - at, 1 + below(16));
        switch (below(5)) {
        case 0:
            text.insert(at, 1, letter());
            return;
        case 1:
            text.erase(at, length);
            return;
        case 2:
            text.insert(below(text.size() + 1), text.substr(at, length));
            return;
        case 3:
            if (at < text.size())
                text[at] = static_cast<char>(text[at] ^ static_cast<char>(1U << below(8)));
            return;
        default:
            if (at < text.size())
                text[at] = letter();
        }
    }

    std::string original_;
    std::mt19937 random_{42};
};

void run_mutations(const std::string& name, std::string_view input)
{
    mutator damaged(input);
    for (unsigned number = 0; number < mutations; ++number)
        run(name + " damaged in way " + std::to_string(number), damaged());
}

std::vector<std::filesystem::path> sorted_files(const std::filesystem::path& directory)
{
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(directory))
        if (entry.is_regular_file())
            files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
}

int replay(const std::filesystem::path& where)
{
    if (std::filesystem::is_regular_file(where)) {
        run(where.string(), contents_of(where));
        return EXIT_SUCCESS;
    }
    const auto files = sorted_files(where);
    for (const auto& file : files) {
        const auto input = contents_of(file);
        run(file.string(), input);
        run_prefixes(file.string(), input);
        run_mutations(file.string(), input);
    }
    std::printf("%zu files\n", files.size());
    return files.empty() ? EXIT_FAILURE : EXIT_SUCCESS;
}

} // namespace

int main(int count, char** arguments)
{
    std::signal(SIGABRT, on_abort);
    if (count != 2) {
        std::fprintf(stderr, "usage: %s DIRECTORY|FILE\n", arguments[0]);
        return 2;
    }
    try {
        return replay(arguments[1]);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s: %s\n", current_name.c_str(), error.what());
        std::abort();
    }
}
