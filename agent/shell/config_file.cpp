#include "agent/shell/config_file.hpp"

#include "agent/core/role.hpp"

#include <yaml-cpp/yaml.h>

namespace agent::shell {
namespace {

constexpr std::string_view output_prefix = "output.";

[[noreturn]] void fail(const YAML::Mark& where, const std::string& why)
{
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

void flatten(const std::string& path, const YAML::Node& value, std::vector<config_setting>& into)
{
    switch (value.Type()) {
    case YAML::NodeType::Scalar:
        into.push_back(setting_of(path, value));
        return;
    case YAML::NodeType::Sequence:
        for (const auto& element : value) {
            if (!element.IsScalar())
                fail(element.Mark(), "\"" + path + "\": a list holds plain values only");
            into.push_back(setting_of(path, element));
        }
        return;
    case YAML::NodeType::Map:
        for (const auto& entry : value) {
            if (!entry.first.IsScalar())
                fail(entry.first.Mark(), "a key is a plain word");
            flatten((path.empty() ? "" : path + ".") + entry.first.Scalar(), entry.second, into);
        }
        return;
    case YAML::NodeType::Null:
    case YAML::NodeType::Undefined:
        fail(value.Mark(), "\"" + path + "\" has no value");
    }
}

} // namespace

std::vector<config_setting> parse_config(const std::string& text)
{
    std::vector<config_setting> settings;
    try {
        const auto root = YAML::Load(text);
        if (root.IsNull())
            return settings;
        if (!root.IsMap())
            fail(root.Mark(), "expected settings, as in \"docker: {host: …}\"");
        flatten({}, root, settings);
    } catch (const YAML::Exception& error) {
        fail(error.mark, error.msg);
    }
    return settings;
}

} // namespace agent::shell
