#pragma once

/// Numbers that one thread writes and any thread may read: the price of plain ones, without a data race. Who has read
/// one also sees what was written before it (release and acquire: x86-64 does so with every number anyway).
///
/// With the compilers' own functions, not with `std::atomic_ref`: that one checks alignment at every access where the
/// standard library's assertions are on, and then is a call.
namespace http_metrics::single_writer {

template <class Number>
[[nodiscard]] inline Number read(const Number& number) noexcept
{
    return __atomic_load_n(&number, __ATOMIC_ACQUIRE);
}

template <class Number>
inline void write(Number& number, Number value) noexcept
{
    __atomic_store_n(&number, value, __ATOMIC_RELEASE);
}

template <class Number>
inline void add(Number& number, Number more) noexcept
{
    write(number, static_cast<Number>(read(number) + more));
}

} // namespace http_metrics::single_writer
