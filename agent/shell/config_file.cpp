#include "agent/shell/config_file.hpp"

#include "agent/core/role.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include <yaml-cpp/yaml.h>

namespace agent::shell {
namespace {

constexpr std::string_view output_prefix = "output.";

/// Parts of the file may be in the reason: none of them ends the line.
[[noreturn]] void fail(const YAML::Mark& where, std::string why)
{
    std::replace_if(
        why.begin(), why.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
    throw config_error("line " + std::to_string(where.line + 1) + ": " + why);
}

/// `output.endpoints` is a file of the role; everything else is the flag of that name.
config_setting setting_of(const std::string& path, const YAML::Node& value)
{
    const int line = value.Mark().line + 1;
    if (path.starts_with(output_prefix))
        if (const auto role = path.substr(output_prefix.size()); core::parse_role(role))
            return {"output", role + "=" + value.Scalar(), line};
    return {path, value.Scalar(), line};
}

/// Goes through a document and gathers its settings.
///
/// By aliases, a short text can stand for a document without an end, or one larger than any memory.
class reader {
public:
    void read(const std::string& path, const YAML::Node& value, std::size_t depth = 0)
    {
        if (depth > most_levels)
            fail(value.Mark(), "\"" + path + "\": nested too deeply");
        if (++seen_ > most_nodes)
            fail(value.Mark(), "too many settings");
        switch (value.Type()) {
        case YAML::NodeType::Scalar:
            settings.push_back(setting_of(path, value));
            return;
        case YAML::NodeType::Sequence:
            for (const auto& element : value) {
                if (!element.IsScalar())
                    fail(element.Mark(), "\"" + path + "\": a list holds plain values only");
                read(path, element, depth + 1);
            }
            return;
        case YAML::NodeType::Map:
            for (const auto& entry : value) {
                if (!entry.first.IsScalar())
                    fail(entry.first.Mark(), "a key is a plain word");
                read((path.empty() ? "" : path + ".") + entry.first.Scalar(), entry.second, depth + 1);
            }
            return;
        case YAML::NodeType::Null:
        case YAML::NodeType::Undefined:
            fail(value.Mark(), "\"" + path + "\" has no value");
        }
    }

    std::vector<config_setting> settings;

private:
    // Both far beyond the flags that there are.
    static constexpr std::size_t most_levels = 16;
    static constexpr std::size_t most_nodes = 10'000;

    std::size_t seen_ = 0;
};

} // namespace

std::vector<config_setting> parse_config(const std::string& text)
{
    reader found;
    try {
        const auto root = YAML::Load(text);
        if (root.IsNull())
            return {};
        if (!root.IsMap())
            fail(root.Mark(), "expected settings, as in \"docker: {host: …}\"");
        found.read({}, root);
    } catch (const YAML::Exception& error) {
        fail(error.mark, error.msg);
    }
    return std::move(found.settings);
}

} // namespace agent::shell
