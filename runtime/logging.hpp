#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <utility>
#include <variant>

namespace spdlog {
class logger;
}

namespace runtime {

enum class log_level { debug, info, warn, error };
enum class log_format { logfmt, json };

/// As users write them.
inline constexpr std::array<std::pair<std::string_view, log_level>, 4> log_levels{
    {{"debug", log_level::debug}, {"info", log_level::info}, {"warn", log_level::warn}, {"error", log_level::error}}};
inline constexpr std::array<std::pair<std::string_view, log_format>, 2> log_formats{
    {{"logfmt", log_format::logfmt}, {"json", log_format::json}}};

/// What a log line says beside its event. Text is quoted and escaped, so nothing from outside can forge a line.
class log_field {
public:
    using any = std::variant<std::string_view, std::int64_t, double, bool>;

    template <std::convertible_to<std::string_view> Text>
    log_field(std::string_view name, const Text& text) : key(name), value(std::string_view(text))
    {
    }
    template <std::integral Number>
    requires(!std::same_as<Number, bool>) log_field(std::string_view name, Number number)
        : key(name), value(static_cast<std::int64_t>(number))
    {
    }
    log_field(std::string_view name, double number) : key(name), value(number) {}
    template <std::same_as<bool> Flag>
    log_field(std::string_view name, Flag flag) : key(name), value(flag)
    {
    }

    std::string_view key; ///< the same thing has the same key everywhere; units are in it
    any value;
};

/// Log lines on standard error, one event each: a fixed `snake_case` name, then fields.
///
/// `ts=2026-11-25T15:50:00.123Z level=info msg=file_written path="/sd/endpoints.json" targets=3`, or the same
/// as one JSON object.
class logger {
public:
    using fields = std::initializer_list<log_field>;

    logger(log_level least, log_format format);

    void debug(std::string_view event, fields with = {}) const { write(log_level::debug, event, with); }
    void info(std::string_view event, fields with = {}) const { write(log_level::info, event, with); }
    void warn(std::string_view event, fields with = {}) const { write(log_level::warn, event, with); }
    void error(std::string_view event, fields with = {}) const { write(log_level::error, event, with); }

private:
    void write(log_level level, std::string_view event, fields with) const;

    std::shared_ptr<spdlog::logger> out_; // spdlog's own way of holding one
    log_format format_;
};

} // namespace runtime
