#include "runtime/logging.hpp"

#include "sd_writer/json.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace runtime {
namespace {

spdlog::level::level_enum to_spdlog(log_level level)
{
    switch (level) {
    case log_level::debug:
        return spdlog::level::debug;
    case log_level::info:
        return spdlog::level::info;
    case log_level::warn:
        return spdlog::level::warn;
    case log_level::error:
        break;
    }
    return spdlog::level::err;
}

/// The level in the words Prometheus' programs use.
class level_word final : public spdlog::custom_flag_formatter {
public:
    void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& into) override
    {
        const auto word = [&message]() -> std::string_view {
            switch (message.level) {
            case spdlog::level::debug:
                return "debug";
            case spdlog::level::warn:
                return "warn";
            case spdlog::level::err:
                return "error";
            default:
                return "info";
            }
        }();
        into.append(word.data(), word.data() + word.size());
    }

    [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override
    {
        return std::make_unique<level_word>();
    }
};

std::unique_ptr<spdlog::formatter> line_formatter(log_format format)
{
    auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
    formatter->add_flag<level_word>('*');
    formatter->set_pattern(format == log_format::json ? R"({"ts":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%*",%v})"
                                                      : "ts=%Y-%m-%dT%H:%M:%S.%eZ level=%* %v");
    return formatter;
}

void append_value(std::string& line, const log_field::any& value)
{
    if (const auto* text = std::get_if<std::string_view>(&value))
        sd_writer::append_json_string(line, *text);
    else if (const auto* whole = std::get_if<std::int64_t>(&value))
        line += std::to_string(*whole);
    else if (const auto* real = std::get_if<double>(&value))
        fmt::format_to(std::back_inserter(line), "{:.6g}", *real);
    else
        line += std::get<bool>(value) ? "true" : "false";
}

std::string logfmt_line(std::string_view event, logger::fields with)
{
    std::string line = "msg=" + std::string(event);
    for (const auto& field : with) {
        line += ' ';
        line += field.key;
        line += '=';
        append_value(line, field.value);
    }
    return line;
}

std::string json_line(std::string_view event, logger::fields with)
{
    std::string line = R"("msg":")" + std::string(event) + '"';
    for (const auto& field : with) {
        line += ',';
        sd_writer::append_json_string(line, field.key);
        line += ':';
        append_value(line, field.value);
    }
    return line;
}

} // namespace

logger::logger(log_level least, log_format format)
    : out_(std::make_shared<spdlog::logger>("log", std::make_shared<spdlog::sinks::stderr_sink_st>())), format_(format)
{
    out_->set_level(to_spdlog(least));
    out_->set_formatter(line_formatter(format));
}

void logger::write(log_level level, std::string_view event, fields with) const
{
    if (!out_->should_log(to_spdlog(level)))
        return;
    const auto line = format_ == log_format::json ? json_line(event, with) : logfmt_line(event, with);
    out_->log(to_spdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

} // namespace runtime
